# SPDX-License-Identifier: Apache-2.0
"""What runs on a system: networks, kernels, quantisation, mappings, data.

`Aimc` has the calls of the published library for programs of a user's own, with `Tile` for the
weights that they use and `section` to name what takes the time. `load_mlp`, `load_lstm` and
`load_cnn` return the shipped networks; `quantise_dense` turns real weights into those of a tile.
`load_onnx` reads a network from a model file, `quantise` turns it into a graph of codes.
A `Mapping` says where the nodes of a network run; `map_network` finds one for any network and any
`Hardware`, `compile_network` and `mapped_workload` make programs of both.
All loops that cost time are in `alpine_sw.kernels`.
"""

from alpine_models.lazy_names import lazy_names

# Not typing's, whose import takes a tenth of the time of `alpine --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .datasets.fashion_mnist import load_fashion_mnist
    from .importing.load import load_onnx
    from .importing.quantised import quantise
    from .library.aimclib import Aimc, Tile, section
    from .library.ping_pong import PingPong
    from .mapper.compiled import compile_network
    from .mapper.hardware import Hardware
    from .mapper.network_mapping import map_network
    from .mapping.chain import chain_mapping
    from .mapping.records import Mapping
    from .mapping.table import mapping_table
    from .mapping.yaml_file import read_mapping, write_mapping
    from .networks.cnn import load_cnn
    from .networks.lstm import load_lstm
    from .networks.mlp import load_mlp
    from .programs.generate import mapped_workload
    from .quantisation.quantise import quantise_dense

__all__ = [
    "Aimc",
    "Hardware",
    "Mapping",
    "PingPong",
    "Tile",
    "chain_mapping",
    "compile_network",
    "load_cnn",
    "load_fashion_mnist",
    "load_lstm",
    "load_mlp",
    "load_onnx",
    "map_network",
    "mapped_workload",
    "mapping_table",
    "quantise",
    "quantise_dense",
    "read_mapping",
    "section",
    "write_mapping",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "datasets.fashion_mnist": ["load_fashion_mnist"],
        "importing.load": ["load_onnx"],
        "importing.quantised": ["quantise"],
        "library.aimclib": ["Aimc", "Tile", "section"],
        "library.ping_pong": ["PingPong"],
        "mapper.compiled": ["compile_network"],
        "mapper.hardware": ["Hardware"],
        "mapper.network_mapping": ["map_network"],
        "mapping.chain": ["chain_mapping"],
        "mapping.records": ["Mapping"],
        "mapping.table": ["mapping_table"],
        "mapping.yaml_file": ["read_mapping", "write_mapping"],
        "networks.cnn": ["load_cnn"],
        "networks.lstm": ["load_lstm"],
        "networks.mlp": ["load_mlp"],
        "programs.generate": ["mapped_workload"],
        "quantisation.quantise": ["quantise_dense"],
    },
)
