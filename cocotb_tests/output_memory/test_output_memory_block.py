"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_output_memory_block():
    run_block("output_memory", at_least=2)
