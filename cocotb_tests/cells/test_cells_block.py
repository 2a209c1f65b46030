# SPDX-License-Identifier: Apache-2.0
"""Runs the block's testbench."""

import pytest
from cocotb_tests.blocks import run_block


@pytest.mark.random
def test_cells_block():
    run_block("cells", at_least=2)
