# SPDX-License-Identifier: Apache-2.0
"""Formats of waveforms as parameters of tests, those skipped that this machine cannot write."""

import pytest

from alpine_cosim.binding.doctor import fst_requirement

_FST = fst_requirement()
FORMATS = [
    "vcd",
    pytest.param(
        "fst",
        marks=pytest.mark.skipif(_FST.found is None, reason=f"FST needs headers: {_FST.remedy}"),
    ),
]
