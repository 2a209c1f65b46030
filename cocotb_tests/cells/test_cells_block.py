"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_cells_block():
    run_block("cells", at_least=2)
