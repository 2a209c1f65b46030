# SPDX-License-Identifier: Apache-2.0
"""Compare, fit, write the constants and the page: ``python -m alpine_sw.calibrate``."""

import argparse
import json
from pathlib import Path

from alpine_models.files import make_folder, write_text
from alpine_sw import kernels

from . import applications, convolution, kernel_runs, lstm, micro, several_cores
from .experiment import EXPERIMENTS
from .fit import compare, fit_all, with_extra, with_ranges
from .page import write_page
from .placements import move_heaps, move_programs

DATA = Path(kernels.__file__).parent / "data" / "calibration.json"
PROVENANCE = (
    "fitted by python -m alpine_sw.calibrate to the gem5 v24 MinorCPU runs in"
    " platform/alpine_platform/data/gem5/runs.csv: least squares of the relative error in cycles"
    " over both systems and all sizes of the body's micro-benchmarks"
)


def main() -> None:
    """Run everything and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m alpine_sw.calibrate", description=__doc__)
    parser.add_argument(
        "--docs", type=Path, default=Path("docs"), help="folder of the page (default: docs)"
    )
    arguments = parser.parse_args()
    # Importing these has entered their experiments.
    assert {applications, convolution, kernel_runs, lstm, micro, several_cores}
    for body in {experiment.body for experiment in EXPERIMENTS.values()} - {None}:
        with_extra(str(body), 0.0)
    plain = compare(EXPERIMENTS)
    fits = fit_all()
    fitted = compare(EXPERIMENTS)
    fits = with_ranges(fits, fitted)
    bodies = {
        fit.body: {
            "extra_cycles": fit.extra_cycles,
            "smallest_bytes": fit.smallest_bytes,
            "largest_bytes": fit.largest_bytes,
        }
        for fit in fits
    }
    write_text(DATA, json.dumps({"provenance": PROVENANCE, "bodies": bodies}, indent=2) + "\n")
    make_folder(arguments.docs)
    written = write_page(
        arguments.docs, fitted, plain, fits, moved=move_programs(), heaps=move_heaps()
    )
    for path in (DATA, *written):
        print(path)


if __name__ == "__main__":
    main()
