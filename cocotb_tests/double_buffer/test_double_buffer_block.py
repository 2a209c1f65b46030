"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_double_buffer_block():
    run_block("double_buffer", at_least=7)
