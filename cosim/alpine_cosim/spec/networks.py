# SPDX-License-Identifier: Apache-2.0
"""Every network by name, those of other packages among them."""

from alpine_models.extension_points import ExtensibleTable

from .cnn import CNN_NETWORKS
from .lstm import LSTM_NETWORKS
from .mlp import MLP_NETWORK
from .model_file import MODEL_NETWORK
from .network import Network

__all__ = ["NETWORKS", "ONNX"]

ONNX = "onnx"
"""Name of what runs a network from a model file."""

NETWORKS = ExtensibleTable(
    "alpine.networks",
    Network,
    {"mlp": MLP_NETWORK, **LSTM_NETWORKS, **CNN_NETWORKS, ONNX: MODEL_NETWORK},
)
"""Every network by name."""
