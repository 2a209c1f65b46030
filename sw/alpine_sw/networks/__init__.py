"""Trained, quantised networks and the files that hold them."""

from alpine_sw.networks.lstm import (
    LSTM_SIZES,
    LstmNetwork,
    LstmTrainingRecord,
    load_lstm,
    save_lstm,
)
from alpine_sw.networks.mlp import MLP_SHAPES, MlpNetwork, TrainingRecord, load_mlp, save_mlp

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
