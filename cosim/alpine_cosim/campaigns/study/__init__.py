# SPDX-License-Identifier: Apache-2.0
"""Accuracy studies: scores over chips against time, against ADC resolution, effect by effect."""

from .plans import StudyPlan, plan_adc, plan_effects, plan_time, study_spec
from .report import collect, print_study, write_study
from .result import StudyResult
from .runs import complete

__all__ = [
    "StudyPlan",
    "StudyResult",
    "collect",
    "complete",
    "plan_adc",
    "plan_effects",
    "plan_time",
    "print_study",
    "study_spec",
    "write_study",
]
