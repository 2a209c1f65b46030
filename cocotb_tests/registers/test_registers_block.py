"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_registers_block():
    run_block("registers", at_least=3)
