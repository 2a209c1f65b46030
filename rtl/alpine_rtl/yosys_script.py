# SPDX-License-Identifier: Apache-2.0
"""Runs a script of Yosys in this process: ``python yosys_script.py FILE``.

pyosys is Yosys as machine code, but brings no command of its own.
"""

import importlib
import sys
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Run the script that the command line names; Yosys ends the process where it fails."""
    # It brings no types.
    libyosys: Any = importlib.import_module("pyosys.libyosys")
    libyosys.run_pass(f"script {sys.argv[1]}")


if __name__ == "__main__":
    main()
