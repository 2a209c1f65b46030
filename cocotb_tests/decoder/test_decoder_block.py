# SPDX-License-Identifier: Apache-2.0
"""Runs the block's testbench."""

import pytest
from cocotb_tests.blocks import run_block


@pytest.mark.random
def test_decoder_block():
    run_block("decoder", at_least=2)
