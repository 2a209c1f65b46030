"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_input_memory_block():
    run_block("input_memory", at_least=3)
