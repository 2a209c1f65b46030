# SPDX-License-Identifier: Apache-2.0
"""No compiler runs during inferences."""

import subprocess
import sys
from pathlib import Path


def test_everything_is_compiled_before_the_first_inference():
    """In a process of its own, where nothing has been called before."""
    script = Path(__file__).with_name("compiled_late.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout == "digital\nanalog\nloose\n"
