# SPDX-License-Identifier: Apache-2.0
"""Every network by name, those of other packages among them."""

from alpine_cosim.measurement.results import MODEL_FILE
from alpine_models.extension_points import ExtensibleTable

from .cnn import CNN_NETWORKS
from .lstm import LSTM_NETWORKS
from .mlp import MLP_NETWORK
from .model_file import MODEL_NETWORK
from .network import Network
from .resnet import RESNET_NETWORK

__all__ = ["NETWORKS"]

NETWORKS = ExtensibleTable(
    "alpine.networks",
    Network,
    {
        "mlp": MLP_NETWORK,
        **LSTM_NETWORKS,
        **CNN_NETWORKS,
        "resnet-18": RESNET_NETWORK,
        MODEL_FILE: MODEL_NETWORK,
    },
)
"""Every network by name."""
