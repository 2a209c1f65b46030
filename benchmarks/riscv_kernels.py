# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""How fast the kernels in assembly are on one core and on eight, in simulated cycles.

python benchmarks/riscv_kernels.py prints the table of docs/exec.md; buffers lie at words.
"""

from tests.cosim.riscv_kernel_call import KernelCall, random_bytes

SIDE, CHANNELS = 16, 64
PIXELS = SIDE * SIDE


def pointwise(call: KernelCall) -> tuple[str, int]:
    call.run(
        "pointwise", (PIXELS, CHANNELS),
        input=call.place(random_bytes(1, PIXELS, CHANNELS), aligned=True),
        weights=call.place(random_bytes(2, CHANNELS, CHANNELS), aligned=True), pixels=PIXELS,
        channels_in=CHANNELS, channels_out=CHANNELS, shift=7, low=0,
    )  # fmt: skip
    return "products", PIXELS * CHANNELS * CHANNELS


def convolution(call: KernelCall) -> tuple[str, int]:
    scratch = call.room(call.cores * (18 * CHANNELS + 8), aligned=True)
    call.run(
        "convolution", (PIXELS, CHANNELS),
        input=call.place(random_bytes(1, PIXELS, CHANNELS), aligned=True),
        weights=call.place(random_bytes(2, CHANNELS, 9 * CHANNELS), aligned=True), pixels=PIXELS,
        channels_in=CHANNELS, channels_out=CHANNELS, shift=8, low=0, scratch=scratch, height=SIDE,
        width=SIDE, side=3, stride=1, padding=1, out_width=SIDE,
    )  # fmt: skip
    return "products", PIXELS * CHANNELS * 9 * CHANNELS


def depthwise(call: KernelCall, name: str, **more: int) -> tuple[str, int]:
    pitch = SIDE + 4
    scratch_bytes = (SIDE + 2) * pitch + 8
    call.run(
        name, (PIXELS, CHANNELS), input=call.place(random_bytes(1, CHANNELS, PIXELS), aligned=True),
        weights=call.place(random_bytes(2, 9, CHANNELS), aligned=True), channels=CHANNELS,
        height=SIDE, width=SIDE, shift=6, low=0,
        scratch=call.room(call.cores * scratch_bytes, aligned=True), scratch_bytes=scratch_bytes,
        pitch=pitch, padding=1, out_height=SIDE, out_width=SIDE, pixel_stride=CHANNELS,
        channel_stride=1, **more,
    )  # fmt: skip
    return "products", PIXELS * CHANNELS * 9


def transposition(call: KernelCall) -> tuple[str, int]:
    matrix = call.place(random_bytes(1, PIXELS, CHANNELS), aligned=True)
    call.run("transposition", (CHANNELS, PIXELS), input=matrix, rows=PIXELS, columns=CHANNELS)
    return "bytes", PIXELS * CHANNELS


def addition(call: KernelCall) -> tuple[str, int]:
    first, second = (call.place(random_bytes(n, PIXELS, CHANNELS), aligned=True) for n in (1, 2))
    elements = PIXELS * CHANNELS
    call.run(
        "addition", (elements,), input=first, other=second, elements=elements, scale=64,
        other_scale=64, shift=7, low=-128,
    )  # fmt: skip
    return "elements", elements


def partial_sums(call: KernelCall) -> tuple[str, int]:
    elements = PIXELS * CHANNELS
    parts = call.place(random_bytes(1, 2, elements), aligned=True)
    call.run(
        "partial_sums", (elements,), input=parts, elements=elements, parts=2, shift=1, low=-128
    )
    return "elements of two parts", elements


def pooling(call: KernelCall) -> tuple[str, int]:
    image = call.place(random_bytes(1, PIXELS, CHANNELS), aligned=True)
    call.run(
        "pooling", (PIXELS // 4, CHANNELS), input=image, channels=CHANNELS, width=SIDE, side=2,
        stride=2, out_height=SIDE // 2, out_width=SIDE // 2, scale=0, shift=0, low=-128,
    )  # fmt: skip
    return "elements read", PIXELS * CHANNELS


KERNELS = {
    "pointwise": pointwise,
    "convolution 3 x 3": convolution,
    "depthwise_3x3": lambda call: depthwise(call, "depthwise_3x3"),
    "depthwise_generic": lambda call: depthwise(call, "depthwise_generic", side=3, stride=1),
    "transposition": transposition,
    "addition": addition,
    "partial_sums": partial_sums,
    "pooling 2 x 2": pooling,
}


def main() -> None:
    print(f"| kernel, {SIDE} x {SIDE} x {CHANNELS} | per cycle, 1 core | 8 cores | conflicts |")
    print("|---|---|---|---|")
    for name, run in KERNELS.items():
        rates: list[str] = []
        for cores in (1, 8):
            call = KernelCall(cores)
            unit, work = run(call)
            rates.append(f"{work / call.outcome.cycles:.2f}")
            if cores == 1:
                rates[0] += f" {unit}"
        total = sum(core.cycles for core in call.outcome.cores)
        conflicts = sum(core.stalls["bank_conflict"] for core in call.outcome.cores)
        print(f"| {name} | {' | '.join(rates)} | {conflicts / total:.1%} |")


if __name__ == "__main__":
    main()
