# SPDX-License-Identifier: Apache-2.0
"""The header and the page made from the register maps."""

import shutil
import subprocess
from pathlib import Path

import pytest

from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS
from alpine_models.registers import ACCELERATOR_REGISTERS, PAGE_REGISTERS, TILE_REGISTERS
from alpine_rtl.register_files import (
    c_header,
    cluster_c_header,
    cluster_python_header,
    register_page,
)

PAGE = Path(__file__).parents[2] / "docs" / "registers.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == register_page(), "run `make docs`"


def test_the_page_names_every_field():
    page = register_page()
    for registers in (
        TILE_REGISTERS,
        ACCELERATOR_REGISTERS,
        PAGE_REGISTERS,
        IMA_REGISTERS,
        DEPTHWISE_REGISTERS,
    ):
        for register, field in registers.fields():
            name = register.name if field.name == "value" else f"{register.name}.{field.name}"
            assert f"| `{name}` |" in page


def test_the_header_gives_c_the_same_numbers(tmp_path):
    compiler = shutil.which("gcc") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "aimc_registers.h").write_text(c_header())
    prints, want = [], []
    for registers in (TILE_REGISTERS, ACCELERATOR_REGISTERS, PAGE_REGISTERS):
        prefix = registers.name.upper()
        for register, field in registers.fields():
            prints.append(f"{prefix}_{register.name.upper()}")
            want.append(register.offset)
            if field.name != "value":
                name = f"{prefix}_{register.signal_name(field).upper()}"
                prints += [f"{name}_SHIFT", f"{name}_MASK"]
                want += [field.low, field.mask]
    prints.append("AIMC_TILE_PAGE(2)")
    want.append(0xC0000)
    body = "\n".join(f'printf("%lu\\n", (unsigned long)({name}));' for name in prints)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "aimc_registers.h"\n'
        f"int main(void) {{\n{body}\nreturn 0; }}\n"
    )
    subprocess.run([compiler, "-Wall", "-Werror", "main.c", "-o", "main"], cwd=tmp_path, check=True)
    out = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert [int(line) for line in out.split()] == want


# Offsets of registers and places of fields, as drivers of both accelerators know them.
CLUSTER_NUMBERS = {
    "IMA_TRIGGER": 0x00,
    "IMA_PRODUCT_CYCLES": 0x38,
    "IMA_JOBS_X": 0x64,
    "IMA_DESTINATION_STRIDE_Y": 0x7C,
    "IMA_CELL_WEIGHT": 0x8C,
    "IMA_STATUS_ERROR_SHIFT": 8,
    "IMA_STATUS_ERROR_MASK": 0xFF00,
    "DEPTHWISE_PITCH": 0x60,
    "DEPTHWISE_MODE_RIGHT_SHIFT": 7,
    "DEPTHWISE_ACTIVATION_SHIFT_MASK": 0x1F,
}


def test_the_cluster_headers_give_c_and_python_the_same_numbers():
    numbers: dict[str, int] = {}
    exec(cluster_python_header(), numbers)
    for name, value in CLUSTER_NUMBERS.items():
        assert numbers[name] == value
    defined = dict(
        line.split()[1:]
        for line in cluster_c_header().splitlines()
        if line.count(" ") == 2 and line.startswith("#define")
    )
    assert {name: int(text.rstrip("u"), 0) for name, text in defined.items()} == {
        name: value for name, value in numbers.items() if name.isupper()
    }
