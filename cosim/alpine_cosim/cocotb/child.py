# SPDX-License-Identifier: Apache-2.0
"""What the child process of `runner_call` runs: one call of cocotb's own runner.

    python -P child.py JOB

JOB is a JSON file with ``action``, ``build`` or ``test``, and the ``arguments`` of that method.
"""

import json
import sys
from pathlib import Path

from cocotb_tools.runner import get_runner

__all__ = ["main"]


def main() -> None:
    """Carry out the job that the command line names."""
    job = json.loads(Path(sys.argv[1]).read_text())
    runner = get_runner("verilator")
    try:
        getattr(runner, job["action"])(**job["arguments"])
    except RuntimeError as error:
        # The tool's own message is in the log already.
        sys.exit(str(error))


if __name__ == "__main__":
    main()
