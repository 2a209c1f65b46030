# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The cluster's accelerators keep what they promise, and checks of it catch every planted fault."""

import hwpe_control_checks
import hwpe_job_checks
import pytest
from cluster_faults import FAULTS, planted_accelerators
from hwpe_contexts import CONFIG, Both

from alpine_cosim.binding import VerilatedModel

CHECKS = hwpe_control_checks.CHECKS | hwpe_job_checks.CHECKS


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    design = planted_accelerators(CONFIG, tmp_path_factory.mktemp("planted"))
    with VerilatedModel.build(design, top="planted_accelerators") as built:
        yield built


@pytest.mark.parametrize("name", CHECKS)
def test_what_the_accelerators_promise(model, name):
    CHECKS[name](Both(model))


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(model, name):
    both = Both(model, 1 + list(FAULTS).index(name))
    for check in CHECKS:
        try:
            CHECKS[check](both)
        except AssertionError as error:
            # `pytest -rP` shows the table of what caught which fault.
            print(f"{name}: {check}: {str(error).splitlines()[:1]}")
            return
    pytest.fail(f"{name} went unnoticed")
