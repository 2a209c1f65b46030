# SPDX-License-Identifier: Apache-2.0
"""The C++ copy of product and conversion against Python, bit for bit."""

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import alpine_models.device
from alpine_models.device import (
    HERMES_ADC,
    HERMES_MVM_ERROR,
    IDEAL_ADC,
    PCM_LIKE,
    AdcConfig,
    ColumnAdcs,
    Effect,
    NoiseKey,
    PcmArray,
    PcmConfig,
)
from alpine_models.device.noise import line_normals

KEY = NoiseKey(seed=0x0123456789ABCDEF, chip=9, tile=77)
PRODUCT = (5 << 32) + 41
RNG = np.random.default_rng(7)

SHIM = """
#include "analog_product.hpp"
using namespace alpine_analog;
extern "C" void shim_normals(const uint32_t* key, uint64_t product, uint32_t effect, int lines,
                             double* values) {
    line_normals({key[0], key[1], key[2]}, product, effect, 0, lines, values);
}
extern "C" void shim_multiply(int rows, int columns, const int16_t* g, const uint8_t* v,
                              const double* unit, int noisy, const uint32_t* key,
                              const int16_t* drives, uint64_t product, int64_t* sums) {
    const std::vector<Extent> all(columns, {0, rows});
    multiply({rows, columns, g, v, unit, all.data(), noisy != 0, {key[0], key[1], key[2]}},
             {0, rows, 0, columns}, drives, 1, product, 1, sums);
}
extern "C" void shim_convert(int columns, const double* const* a, const double* s, int step,
                             const uint32_t* key, const int64_t* sums, uint64_t product,
                             int8_t* codes) {
    convert({a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], s[0], s[1], s[2], s[3], step,
             {key[0], key[1], key[2]}}, 0, columns, sums, product, codes);
}
"""


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("native")
    (folder / "shim.cpp").write_text(SHIM)
    headers = Path(alpine_models.device.__file__).parent
    warnings = ["-Wall", "-Wextra", "-Werror"]
    flags = ["-std=c++17", "-O3", "-ffp-contract=off", "-fPIC", "-shared", "-I", str(headers)]
    subprocess.run(["g++", *warnings, *flags, "shim.cpp", "-o", "shim.so"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "shim.so"))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


def test_normals(native: ctypes.CDLL):
    values = np.empty(100_003)
    native.shim_normals(
        pointer(np.array(KEY.words)),
        ctypes.c_uint64(PRODUCT),
        int(Effect.ADC_NOISE),
        len(values),
        pointer(values),
    )
    assert (values == line_normals(KEY, Effect.ADC_NOISE, len(values), PRODUCT)).all()


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (255, 3), (256, 70), (1000, 33)])
@pytest.mark.parametrize("unit", [16, 1], ids=["codes", "drives"])
def test_products(native: ctypes.CDLL, rows: int, columns: int, unit: int):
    array = PcmArray(rows=rows, columns=columns, config=PcmConfig(constants=PCM_LIKE), key=KEY)
    array.program(RNG.integers(-127, 128, (columns, rows)).astype(np.int8))
    reading = array.at(3600.0)
    drives = (RNG.integers(-128 * 16 // unit, 127 * 16 // unit, rows) * unit).astype(np.int16)
    sums = np.empty(columns, np.int64)
    native.shim_multiply(
        rows,
        columns,
        pointer(reading.conductances),
        pointer(reading.variance_steps),
        pointer(reading.variance_unit),
        reading.noisy,
        pointer(np.array(KEY.words)),
        pointer(drives),
        ctypes.c_uint64(PRODUCT),
        pointer(sums),
    )
    assert (sums == reading.multiply(drives, product=PRODUCT)).all()


@pytest.mark.parametrize(
    "config",
    [
        IDEAL_ADC,
        HERMES_ADC,
        HERMES_MVM_ERROR,
        replace(HERMES_ADC, noise=0.03, offset_codes=2.0, bits=6),
        AdcConfig(bits=3),
    ],
)
def test_conversions(native: ctypes.CDLL, config: AdcConfig):
    columns = 5000
    adcs = ColumnAdcs(columns=columns, config=config, key=KEY)
    sums = RNG.integers(-150_000, 150_000, columns)
    units = np.full(columns, 1000.0) * RNG.uniform(0.9, 1.1, columns)
    compensation = RNG.uniform(1.0, 1.2, columns).astype(np.float32)
    columns_arrays = [
        units,
        *(np.ascontiguousarray(array) for array in adcs.arrays),
        compensation.astype(np.float64),
    ]
    codes = np.empty(columns, np.int8)
    native.shim_convert(
        columns,
        (ctypes.c_void_p * 8)(*(array.ctypes.data for array in columns_arrays)),
        pointer(np.array(adcs.effect_sizes)),
        adcs.step,
        pointer(np.array(KEY.words)),
        pointer(sums),
        ctypes.c_uint64(PRODUCT),
        pointer(codes),
    )
    expected = adcs.codes(sums, units_per_code=units, compensation=compensation, product=PRODUCT)
    assert (codes == expected).all()
