# SPDX-License-Identifier: Apache-2.0
"""Accuracy studies: scores over chips against time, against ADC resolution, effect by effect."""

from .plans import StudyPlan, Subject, plan_adc, plan_effects, plan_time
from .report import collect, print_study, write_study
from .result import StudyResult
from .runs import complete

__all__ = [
    "StudyPlan",
    "StudyResult",
    "Subject",
    "collect",
    "complete",
    "plan_adc",
    "plan_effects",
    "plan_time",
    "print_study",
    "write_study",
]
