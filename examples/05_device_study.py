# SPDX-License-Identifier: Apache-2.0
"""Accuracy on imperfect chips: an LSTM in phase-change memory, against time after programming.

`alpine study time` is this as a command, with pictures.

python examples/05_device_study.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from alpine_cosim.campaigns.study import collect, plan_time, print_study, score_chips, study_spec

spec = study_spec("lstm-256", device="pcm", chips=2, samples=100)
plan = plan_time(spec, times_s=(25.0, 86400.0), compensations=("none", "tile"))
with TemporaryDirectory() as folder:
    scores = score_chips(plan.works, Path(folder), jobs=1)
print_study(collect(plan, scores), Console())
