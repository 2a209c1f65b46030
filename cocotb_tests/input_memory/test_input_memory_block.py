# SPDX-License-Identifier: Apache-2.0
"""Runs the block's testbench."""

import pytest
from cocotb_tests.blocks import run_block


@pytest.mark.random
def test_input_memory_block():
    run_block("input_memory", at_least=3)
