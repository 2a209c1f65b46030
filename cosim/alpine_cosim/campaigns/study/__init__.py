# SPDX-License-Identifier: Apache-2.0
"""Accuracy studies: scores over chips against time, against ADC resolution, effect by effect."""

from .plans import StudyPlan, plan_adc, plan_effects, plan_time, study_spec
from .report import collect, print_study, write_study
from .result import StudyResult
from .runs import score_chips

__all__ = [
    "StudyPlan",
    "StudyResult",
    "collect",
    "plan_adc",
    "plan_effects",
    "plan_time",
    "print_study",
    "score_chips",
    "study_spec",
    "write_study",
]
