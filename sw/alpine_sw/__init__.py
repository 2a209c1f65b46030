# SPDX-License-Identifier: Apache-2.0
"""What runs on a system: networks, kernels, quantisation, mappings, data.

`Aimc` has the calls of the published library for programs of a user's own, with `Tile` for the
weights that they use and `section` to name what takes the time. `load_mlp`, `load_lstm` and
`load_cnn` return the shipped networks; `quantise_dense` turns real weights into those of a tile.
All loops that cost time are in `alpine_sw.kernels`.
"""

from alpine_models.lazy_names import lazy_names

# Not typing's, whose import takes a tenth of the time of `alpine --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .datasets.fashion_mnist import load_fashion_mnist
    from .library.aimclib import Aimc, Tile, section
    from .library.ping_pong import PingPong
    from .networks.cnn import load_cnn
    from .networks.lstm import load_lstm
    from .networks.mlp import load_mlp
    from .quantisation.quantise import quantise_dense

__all__ = [
    "Aimc",
    "PingPong",
    "Tile",
    "load_cnn",
    "load_fashion_mnist",
    "load_lstm",
    "load_mlp",
    "quantise_dense",
    "section",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "datasets.fashion_mnist": ["load_fashion_mnist"],
        "library.aimclib": ["Aimc", "Tile", "section"],
        "library.ping_pong": ["PingPong"],
        "networks.cnn": ["load_cnn"],
        "networks.lstm": ["load_lstm"],
        "networks.mlp": ["load_mlp"],
        "quantisation.quantise": ["quantise_dense"],
    },
)
