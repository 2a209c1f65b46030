# SPDX-License-Identifier: Apache-2.0
"""What loses information is refused in one line, whichever way it comes in."""

import inspect
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.library.aimclib import Aimc, Tile
from alpine_sw.library.tile_plan import MatrixOnTile
from alpine_sw.library.workloads import Software
from alpine_sw.quantisation.quantise import column_lsb, quantise_dense, quantise_weights

NUMBERS = ("?", "b", "B", "h", "H", "i", "I", "q", "Q", "e", "f", "d")
"""Every real type of numpy with 64 bits or less, by its letter."""

VALUES = (0, 1, -1, 127, 128, -128, -129, 200, 255, 300, 1 << 31, 0.9, -0.5, 1e4, np.nan, np.inf)


def refused(program: Callable[[], Any]) -> str:
    """The one line with which something is refused."""
    with pytest.raises(AlpineError) as caught:
        program()
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


def by_mapping(weights: Any) -> np.ndarray:
    tile = Tile(TileConfig(rows=2, columns=2))
    return tile.map_matrix(weights).weights


def by_placement(weights: Any) -> np.ndarray:
    return MatrixOnTile(name="m", weights=weights, lsb=np.ones(2, np.float32)).weights


def by_instructions(weights: Any) -> np.ndarray:
    """What CM_INITIALIZE carries, as the tile takes it."""
    operation = next(kernels.initialize_matrix(weights, row=0, column=0))
    return operation.batch["ra"].astype(np.uint8).view(np.int8).reshape(2, 2)


@pytest.mark.parametrize("door", [by_mapping, by_placement, by_instructions])
def test_weights_are_what_was_given_or_refused(door: Callable[[Any], np.ndarray]):
    for kind in NUMBERS:
        for value in VALUES:
            with np.errstate(all="ignore"):
                matrix = np.array([[0, 1], [1, value]]).astype(kind)
            held = matrix[1, 1].item()
            exact = np.isfinite(held) and Fraction(held) in range(-128, 128)
            if exact:
                assert door(matrix).tolist() == [[0, 1], [1, int(held)]]
            else:
                assert "whole numbers from -128 to 127" in refused(lambda m=matrix: door(m))


@pytest.mark.parametrize("door", [by_mapping, by_placement, by_instructions])
@pytest.mark.parametrize(
    "weights",
    [
        np.ones(4, np.int8),
        np.ones((1, 2, 2), np.int8),
        np.ones((0, 2), np.int8),
        np.ones((2, 2), complex),
        np.array([["1", "2"], ["3", "4"]]),
        [[1, 2], [3]],
        None,
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(
    door: Callable[[Any], np.ndarray], weights: object
):
    refused(lambda: door(weights))


def test_lists_of_lists_are_matrices():
    assert by_mapping([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]


def values(count: int = 4) -> Buffer:
    return AddressSpace().allocate("values", count, np.float32)


def codes(count: int = 4) -> Buffer:
    return AddressSpace().allocate("codes", count)


def sums(count: int = 4) -> Buffer:
    return AddressSpace().allocate("sums", count, np.int32)


SCALES = (0, 0.0, -1.0, np.nan, np.inf, -np.inf, 1e300, 1e-50, True, "2", [1.0, 2.0, 3.0], 1j)
SCALE_DOORS: dict[str, Callable[[Any], Any]] = {
    "queue": lambda s: next(kernels.queue_floats(values(), scale=s)),
    "dequeue": lambda s: next(kernels.dequeue_floats(values(), scale=s)),
    "quantise": lambda s: next(kernels.quantise(values(), codes(), scale=s)),
    "dequantise": lambda s: next(kernels.dequantise(codes(), values(), scale=s)),
    "dequantise_sums": lambda s: next(kernels.dequantise_sums(sums(), values(), scale=s)),
    **{
        f"{call.__name__}, {software}": lambda s, call=call, software=software: next(
            call(Aimc(AddressSpace(), software=software), values(), scale=s)
        )
        for call in (Aimc.queue_vector, Aimc.dequeue_vector)
        for software in Software
    },
    "lsb": lambda s: Tile(TileConfig(rows=2, columns=2)).map_matrix(np.eye(2), lsb=s),
    "one lsb of two": lambda s: MatrixOnTile(
        name="m", weights=np.eye(2, dtype=np.int8), lsb=np.array([1.0, s])
    ),
    "input scale": lambda s: column_lsb(input_scale=s, weight_scales=np.ones(2), output_scale=1.0),
    "output scale": lambda s: column_lsb(input_scale=1.0, weight_scales=np.ones(2), output_scale=s),
    "weight scale": lambda s: column_lsb(
        input_scale=1.0, weight_scales=np.array([s]), output_scale=1.0
    ),
    "layer": lambda s: quantise_dense(np.ones((1, 2)), inputs=np.ones((1, 2)), input_scale=s),
}


@pytest.mark.parametrize("door", SCALE_DOORS)
def test_steps_and_scales_are_positive_and_finite_in_float32(door: str):
    call = SCALE_DOORS[door]
    call(0.5)
    for scale in SCALES:
        if door in ("one lsb of two", "weight scale") and type(scale) not in (float, int):
            continue  # numpy makes no array of numbers of these
        refused(lambda scale=scale: call(scale))


KERNELS: dict[str, tuple[str, Callable[..., Program]]] = {
    # Element types of the buffers in order: c for int8 codes, v for float32 values, s for int32
    # sums; in capitals with two dimensions, C3 with three.
    "cell_update": ("v v v v", kernels.cell_update),
    "choose": ("v", lambda v: kernels.choose(v, draw=None)),
    "dequantise": ("c v", lambda c, v: kernels.dequantise(c, v, scale=1.0)),
    "dequantise_sums": ("s v", lambda s, v: kernels.dequantise_sums(s, v, scale=1.0)),
    "dequeue_floats": ("v", lambda v: kernels.dequeue_floats(v, scale=1.0)),
    "dequeue_vector": ("c", kernels.dequeue_vector),
    "exponential": ("v v", kernels.exponential),
    "im2col_window": (
        "C3 c", lambda image, c: kernels.im2col_window(image, c, row=0, column=0, kernel=1)
    ),
    "load_vector": ("c", lambda c: kernels.load_vector(c, base=0, address=0, access_bytes=4)),
    "local_response_normalisation": (
        "v v", lambda x, y: kernels.local_response_normalisation(x, y, channels=2)
    ),
    "logistic": ("v v", kernels.logistic),
    "max_pool": ("C3 C3", lambda x, y: kernels.max_pool(x, y, kernel=1, stride=1)),
    "mm": ("C C S", kernels.mm),
    "mvm": ("C c s", kernels.mvm),
    "one_hot": ("v", lambda v: kernels.one_hot(0, v)),
    "quantise": ("v c", lambda v, c: kernels.quantise(v, c, scale=1.0)),
    "queue_floats": ("v", lambda v: kernels.queue_floats(v, scale=1.0)),
    "queue_vector": ("c", kernels.queue_vector),
    "relu8": ("c", kernels.relu8),
    "requantise": ("s c", lambda s, c: kernels.requantise(s, c, shift=1)),
    "rescale": ("s v c", kernels.rescale),
    "rescale_signed": ("s v c", kernels.rescale_signed),
    "sigmoid": ("v v", kernels.sigmoid),
    "softmax": ("v v", kernels.softmax),
    "store_vector": ("c", lambda c: kernels.store_vector(c, base=0, address=0, access_bytes=4)),
    "tanh": ("v v", kernels.tanh),
    "vector_add": ("v v v", kernels.vector_add),
    "vector_multiply": ("v v v", kernels.vector_multiply),
}  # fmt: skip
TYPES = {"c": np.int8, "v": np.float32, "s": np.int32}


def test_the_table_has_every_kernel_that_computes():
    """All but the copy, which moves bytes of any kind."""
    public = {
        name
        for name in kernels.__all__
        if inspect.isgeneratorfunction(function := getattr(kernels, name))
        and any(p.annotation is Buffer for p in inspect.signature(function).parameters.values())
    }
    assert public == {*KERNELS, "copy"}


def buffers(kinds: list[str], *, wrong: int | None = None, other: str = "") -> list[Buffer]:
    """Buffers of a kernel, all ones; one of them of another type, or with a dimension more."""
    made: list[Buffer] = []
    for place, kind in enumerate(kinds):
        dimensions = 3 if kind.endswith("3") else 2 if kind.isupper() else 1
        dtype: Any = TYPES[kind[0].lower()]
        if place == wrong:
            dtype, dimensions = (dtype, dimensions + 1) if other == "shape" else (other, dimensions)
        array = np.ones((2,) * dimensions, dtype)
        made.append(AddressSpace().place(f"operand {place}", array))
    return made


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_take_buffers_of_the_type_that_their_loops_move_and_no_other(name: str):
    kinds, kernel = KERNELS[name][0].split(), KERNELS[name][1]
    next(kernel(*buffers(kinds)))
    for place, kind in enumerate(kinds):
        own = np.dtype(TYPES[kind[0].lower()]).char
        for other in (*NUMBERS, "shape"):
            if other != own:
                given = buffers(kinds, wrong=place, other=other)
                assert f"buffer operand {place}" in refused(
                    lambda given=given: next(kernel(*given))
                )


@pytest.mark.parametrize("style", ["eigen", "libm"])
def test_every_style_of_activation_has_the_rule(style: Any):
    for kernel in (kernels.exponential, kernels.sigmoid, kernels.tanh, kernels.softmax):
        refused(lambda kernel=kernel: next(kernel(codes(), codes(), style=style)))


def test_aimclib_takes_codes_or_values():
    aimc = Aimc(AddressSpace())
    for call in (aimc.queue_vector, aimc.dequeue_vector):
        for kind in (*NUMBERS, "F", "U1"):
            if kind not in ("b", "f"):
                vector = AddressSpace().allocate("v", 4, kind)
                for scale in (None, 1.0):
                    refused(lambda v=vector, s=scale, call=call: next(call(v, scale=s)))
        refused(lambda call=call: next(call(AddressSpace().allocate("v", (2, 2)))))
        for index in (1.5, "0", True, np.float32(1), -1, 1 << 70):
            refused(lambda i=index, call=call: next(call(codes(), index=i)))
        next(call(codes(), index=np.int16(1)))


def test_values_that_are_no_numbers_have_no_code():
    given = AddressSpace().place("x", np.array([1, np.nan], np.float32))
    for program in (
        kernels.queue_floats(given, scale=1.0),
        kernels.quantise(given, codes(2), scale=1.0),
    ):
        message = "buffer x holds NaN at element 1: no code is NaN"
        assert refused(lambda program=program: next(program)) == message


def test_steps_that_cannot_divide_are_refused():
    steps = AddressSpace().place("steps", np.array([1, 0, 1, 1], np.float32))
    for kernel in (kernels.rescale, kernels.rescale_signed):
        refused(lambda kernel=kernel: next(kernel(sums(), steps, codes())))


@pytest.mark.parametrize("place", [{"row": 0.5}, {"column": "1"}, {"row": True}, {"column": -1}])
def test_places_of_matrices_are_whole_numbers(place: dict[str, Any]):
    refused(lambda: Tile(TileConfig(rows=4, columns=4)).map_matrix(np.eye(2), **place))
    place = {"row": 0, "column": 0, **place}
    refused(lambda: next(kernels.initialize_matrix(np.eye(2), **place)))


def test_quantised_layers_have_real_weights_and_codes_for_inputs():
    for weights in ([[1, np.inf]], [["a", "b"]], np.ones(2), np.ones((0, 2)), [[1j, 1]]):
        refused(lambda weights=weights: quantise_weights(weights))
    assert quantise_weights([[1, -2]])[0].tolist() == [[64, -127]]  # 63.5 to even
    refused(lambda: quantise_dense([[1, 1]], inputs=np.array([[300, 1]]), input_scale=1.0))


def test_choices_have_something_to_choose_from():
    refused(lambda: next(kernels.choose(values(0), draw=None)))
    refused(lambda: next(kernels.softmax(values(0), values(0))))
    for draw in (-0.1, 1.0, np.nan):
        refused(lambda draw=draw: next(kernels.choose(values(), draw=draw)))
    for index in (4, -1, 0.5):
        refused(lambda index=index: next(kernels.one_hot(index, values())))
