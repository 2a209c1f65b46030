# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.regression``: worker processes find the runs by their own module's name."""

import sys

from tests.regression.planned_runs import main

sys.exit(main())
