# SPDX-License-Identifier: Apache-2.0
"""Loops of the reference runs in assembly: run as programs, beside what gem5 measured.

`python -m tests.aarch64_loops` prints the table of both systems. The bodies are those that the
README of the reference runs states (alpine_platform/data/gem5). `loops.elf` holds all of them; its
argument is a loop's number in two digits.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from alpine_cosim.runs.aarch64_run import MeasuredExecution, clock_of
from alpine_cosim.runs.recorder_library import recorder_library
from alpine_models.tile import TileConfig
from alpine_platform.binaries.aarch64.cm_program import CmTiles, ProgramExecution
from alpine_platform.binaries.aarch64.linux import LinuxProcess
from alpine_platform.binaries.aarch64.processor import Processor
from alpine_platform.binaries.elf import Architecture, load_program
from alpine_platform.systems.system import System
from alpine_sw.calibrate.experiment import MARKER_CYCLES, MARKER_INSTRUCTIONS, ReferenceUnits
from alpine_sw.calibrate.reference import SYSTEMS, reference_runs

__all__ = ["ELF", "LOOPS", "Compared", "assembly", "compare"]

ELF = Path(__file__).parent / "aarch64" / "loops.elf"
QUEUE, DEQUEUE = ".inst 0x21088000", ".inst 0x2100000a"
"""x8 into the tile, and the tile's outputs into x10, as in the reference runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """A loop of a reference run.

    Members
    -------
    before : instructions before the loop, besides x9 as the data's address. body : its
        instructions without those that count. iterations : of the loop; 0: the body ends with a
        branch to 1 itself. calls : how often the region runs it.
    line_offset : bytes from a fetch line's begin to the loop's first instruction.
    """

    body: str
    before: str = ""
    iterations: int = 32
    calls: int = 1
    line_offset: int = 0


def _times(text: str, count: int) -> str:
    return "\n".join(text.replace("%", str(place)) for place in range(count))


def _straight(text: str, count: int, first: str = "") -> Loop:
    return Loop(body=f"{first}\n{_times(text, count)}" if first else _times(text, count))


def _walk(access: str, count: int, lines: int) -> Loop:
    text = "\n".join(
        access.replace("%", f"{5 + place}", 1).replace("%", str(64 * place))
        for place in range(count)
    )
    before = f"mov x1, x9\nadd x4, x9, #{lines * 64 >> 12}, lsl #12"
    body = f"1: {text}\nadd x1, x1, #{64 * count}\ncmp x1, x4\nb.lo 1b"
    return Loop(before=before, body=body, iterations=0)


def _moving(text: str, size: int, *, line_offset: int = 0) -> Loop:
    before = f"mov x0, x9\nadd x4, x9, #{size}"
    return Loop(
        before=before,
        body=f"1: {text}\ncmp x0, x4\nb.ne 1b",
        iterations=0,
        calls=2,
        line_offset=line_offset,
    )


_CELL = """ldr s0, [x0, x5, lsl #2]
ldr s1, [x1, x5, lsl #2]
ldr s2, [x2, x5, lsl #2]
ldr s3, [x3, x5, lsl #2]
fmul s0, s0, s1
fmadd s0, s2, s3, s0
str s0, [x0, x5, lsl #2]
add x5, x5, #1
cmp x5, x4
b.ne 1b"""

LOOPS: dict[str, Loop] = {
    "mb2_pipe:alu_dep_x64": _straight("add x1, x1, #1", 64),
    "mb2_pipe:alu_indep_x64": _straight("add x1, x2, #1", 64),
    "mb2_pipe:mul_dep_x32": _straight("mul x1, x1, x2", 32),
    "mb2_pipe:mul_indep_x32": _straight("mul x1, x2, x2", 32),
    "mb2_pipe:sdiv_dep_x16": _straight("sdiv x1, x1, x2", 16, "mov x1, #7"),
    "mb2_pipe:fadd_dep_x32": _straight("fadd d0, d0, d1", 32),
    "mb2_pipe:fadd_indep_x32": _straight("fadd d0, d1, d1", 32),
    "mb2_pipe:fmla4s_dep_x32": _straight("fmla v0.4s, v1.4s, v2.4s", 32),
    "mb2_pipe:smull_sadalp_pair_x16": _straight(
        "smull v0.8h, v1.8b, v2.8b\nsadalp v3.4s, v0.8h", 16
    ),
    "mb2_pipe:fmov_gp_to_fp_rt_x16": _straight("fmov d0, x1\nfmov x1, d0", 16),
    "mb2_pipe:scvtf_fmul_fcvtzs_chain_x8": _straight(
        "scvtf s0, w1\nfmul s0, s0, s1\nfcvtzs w1, s0", 8
    ),
    "mb2_pipe:alu2_plus_neon1_x16": _straight(
        "add x1, x2, #1\nadd x3, x2, #1\nadd v0.4s, v1.4s, v1.4s", 16
    ),
    "mb2_pipe:ldr_x_indep_L1_x32": _straight("ldr x1, [x9]", 32),
    "mb2_pipe:ldr_use_alu_L1_x32": _straight("ldr x1, [x9]\nadd x2, x1, #1", 32),
    "mb2_pipe:ldr_str_pairs_L1_x32": _straight("ldr x1, [x9]\nstr x1, [x9, #8]", 32),
    "mb2_pipe:str_ldr_fwd_x32": _straight("str x2, [x9]\nldr x1, [x9]", 32),
    "mb2_pipe:str_x_L1_x32": _straight("str x2, [x9]", 32),
    "mb2_pipe:postinc_ldr_x32": _straight("ldr x1, [x3], #8", 32, "mov x3, x9"),
    "mb2_pipe:branch_taken_next_x32": _straight("b 2%f\n2%:", 32),
    "mb2_pipe:cbz_nottaken_x32": _straight("cbz x9, 9f", 32, "nop"),
    "mb2_pipe:cmq_indep_x32": _straight(QUEUE, 32),
    "mb2_pipe:ldr_cmq_pair_x32": _straight(f"ldr x8, [x9]\n{QUEUE}", 32),
    "mb2_pipe:cmdq_str_pair_x32": _straight(f"{DEQUEUE}\nstr x10, [x9]", 32),
    "mb_cm:cm_queue_word_1024B": _moving(f"ldr w8, [x0], #4\n{QUEUE}", 1024, line_offset=56),
    "mb_cm:cm_dequeue_word_1024B": _moving(f"{DEQUEUE}\nstr w10, [x0], #4", 1024, line_offset=56),
    "mb2_mem:line_ld_L2_1perline": _walk("ldr w%, [x1, #%]", 1, 4096),
    "mb2_mem:line_ld_L2_4indep": _walk("ldr w%, [x1, #%]", 4, 4096),
    "mb2_mem:line_st_L2": _walk("str w%, [x1, #%]", 1, 4096),
    "mb_act:relu8_neon_1024": _moving(
        "ldr q0, [x0]\nsmax v0.16b, v0.16b, v1.16b\nstr q0, [x0], #16", 1024
    ),
    "mb_act:cell_scalar_750": Loop(
        before="mov x0, x9\nadd x1, x0, #3000\nadd x2, x1, #3000\nadd x3, x2, #3000\n"
        "mov x4, #750\nmov x5, #0",
        body=f"1: {_CELL}",
        iterations=0,
        calls=2,
    ),
}
"""By the name of the reference run. Those of CM_QUEUE and CM_DEQUEUE lie across two fetch lines, as
`alpine_sw.calibrate.kernel_runs` places them."""


def assembly() -> str:
    """Return the source of `loops.elf`."""
    parts = [_START]
    for number, loop in enumerate(LOOPS.values()):
        body = loop.body
        if loop.iterations:
            body = f"mov x19, #{loop.iterations}\n1: {body}\nsubs x19, x19, #1\nb.ne 1b"
        first = loop.before.count("\n") + 1 if loop.before else 0
        skipped = (loop.line_offset - 4 * first) % 64
        parts.append(f".p2align 6\n.skip {skipped}\nloop{number}:\n{loop.before}\n{body}\n9: ret\n")
    rows = [f".xword loop{number}, {loop.calls}\n" for number, loop in enumerate(LOOPS.values())]
    return "".join(
        [*parts, ".p2align 4\ntable:\n", *rows, ".bss\n.p2align 12\ndata: .skip 0x80000"]
    )


_START = """
.text
.globl _start
_start:
    ldr x1, [sp, #16]
    ldrb w2, [x1]
    ldrb w3, [x1, #1]
    sub w2, w2, #'0'
    sub w3, w3, #'0'
    mov w4, #10
    madd w2, w2, w4, w3
    adr x1, table
    add x1, x1, x2, lsl #4
    ldp x20, x21, [x1]
    adrp x9, data
    b main
.globl main
.type main, %function
main:
    blr x20
    blr x20
5:  hint #96
    .pushsection .aimc_regions
    .xword 5b
    .asciz "roi"
    .popsection
6:  blr x20
    sub x21, x21, #1
    cbnz x21, 6b
    hint #97
    mov x0, #0
    mov x8, #93
    svc #0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A loop's cycles and instructions per unit of work, ours and the reference's."""

    name: str
    cycles: float
    instructions: float
    reference_cycles: float
    reference_instructions: float

    @property
    def error(self) -> float:
        """Relative error of the cycles."""
        return self.cycles / self.reference_cycles - 1


def compare(name: str, system: str) -> Compared:
    """Run a loop on `hp` or `lp`, with CM units like the reference's."""
    run, config = reference_runs()[name, system], SYSTEMS[system]
    program = load_program(ELF, Architecture.AARCH64)
    number = f"{list(LOOPS).index(name):02}"
    with Processor(recorder_library()) as processor:
        linux = LinuxProcess(
            processor,
            program,
            arguments=[number],
            output=lambda stream, data: len(data),
            standard_input=io.BytesIO(),
        )
        tiles = CmTiles(
            set_lsb=lambda tile, first, lsb: None, configs=[TileConfig(rows=8, columns=8)]
        )
        simulated = System(config, tile_ports={0: ReferenceUnits(config)})
        execution = ProgramExecution(
            processor, linux, program, tiles, core=config.core, clock_ns=clock_of(simulated)
        )
        measured = MeasuredExecution(simulated, execution)
        done = measured.run()
    assert done.status == 0, done.message
    assert measured.result is not None
    cycles = measured.result.time_fs / config.core.period_fs + MARKER_CYCLES
    return Compared(
        name=name,
        cycles=cycles / run.reps,
        instructions=(measured.result.instructions + MARKER_INSTRUCTIONS) / run.reps,
        reference_cycles=run.cycles,
        reference_instructions=run.instructions,
    )


def main() -> None:
    """Print every loop on both systems."""
    print(f"{'loop':42} {'ours':>9} {'gem5':>9} {'error':>7}  instructions, ours and gem5's")
    for system in SYSTEMS:
        errors: list[float] = []
        for name in LOOPS:
            found = compare(name, system)
            errors.append(abs(found.error))
            print(
                f"{f'{name} {system}':42} {found.cycles:9.3f} {found.reference_cycles:9.3f} "
                f"{found.error:7.1%}  {found.instructions:.3f} {found.reference_instructions:.3f}"
            )
        print(f"{system}: median {median(errors):.1%}, worst {max(errors):.1%}")


if __name__ == "__main__":
    main()
