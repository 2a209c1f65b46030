"""Trained, quantised networks and the files that hold them."""

from alpine_sw.networks.mlp import MLP_SHAPES, MlpNetwork, TrainingRecord, load_mlp, save_mlp

__all__ = ["MLP_SHAPES", "MlpNetwork", "TrainingRecord", "load_mlp", "save_mlp"]
