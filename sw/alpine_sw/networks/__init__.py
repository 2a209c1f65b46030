# SPDX-License-Identifier: Apache-2.0
"""Trained, quantised networks and the files that hold them."""

from .lstm import (
    LSTM_SIZES,
    LstmNetwork,
    LstmTrainingRecord,
    load_lstm,
    save_lstm,
)
from .mlp import MLP_SHAPES, MlpNetwork, TrainingRecord, load_mlp, save_mlp

__all__ = [
    "LSTM_SIZES",
    "MLP_SHAPES",
    "LstmNetwork",
    "LstmTrainingRecord",
    "MlpNetwork",
    "TrainingRecord",
    "load_lstm",
    "load_mlp",
    "save_lstm",
    "save_mlp",
]
