"""Runs the block's testbench."""

from cocotb_tests.blocks import run_block


def test_sequencer_block():
    run_block("sequencer", at_least=3)
