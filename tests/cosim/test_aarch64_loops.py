# SPDX-License-Identifier: Apache-2.0
"""Loops of the reference runs, executed as AArch64 programs, take the cycles that gem5 measured.

`make aarch64-loops` compares all of them on both systems; these are one of each kind.
"""

import pytest
from tests.aarch64_loops import LOOPS, compare
from tests.aarch64_programs import FOLDER, loops_digest

CHECKED = [
    ("mb2_pipe:alu_indep_x64", "hp"),
    ("mb2_pipe:smull_sadalp_pair_x16", "lp"),
    ("mb2_pipe:sdiv_dep_x16", "hp"),
    ("mb2_pipe:postinc_ldr_x32", "lp"),
    ("mb2_pipe:branch_taken_next_x32", "hp"),
    ("mb2_pipe:cmdq_str_pair_x32", "hp"),
    ("mb_cm:cm_queue_word_1024B", "lp"),
    ("mb2_mem:line_ld_L2_4indep", "hp"),
    ("mb2_mem:line_st_L2", "lp"),
    ("mb_act:cell_scalar_750", "hp"),
]


@pytest.mark.parametrize(("name", "system"), CHECKED)
def test_a_loop_takes_the_cycles_of_the_reference(name: str, system: str):
    found = compare(name, system)
    assert abs(found.error) < 0.05, found
    # The region's own instructions are 15 to 20, of which ours counts 15, and sets its loop up.
    assert found.instructions == pytest.approx(found.reference_instructions, rel=0.02)


def test_the_loops_belong_to_their_source():
    lines = (FOLDER / "sources.sha256").read_text().splitlines()
    assert f"{loops_digest()}  loops" in lines, "make aarch64-programs"
    assert len(LOOPS) <= 100  # two digits name one
