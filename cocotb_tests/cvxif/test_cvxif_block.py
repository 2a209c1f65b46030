"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_cvxif_block():
    run_block("cvxif", at_least=4)
