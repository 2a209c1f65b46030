"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_crossing_block():
    run_block("crossing", at_least=11)
