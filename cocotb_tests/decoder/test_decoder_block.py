"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_decoder_block():
    run_block("decoder", at_least=2)
