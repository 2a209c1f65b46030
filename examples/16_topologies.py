# SPDX-License-Identifier: Apache-2.0
"""Well-known networks without their weights: how long reading and mapping them takes.

The onnx package brings AlexNet, ZFNet, ResNet-50 and SqueezeNet, with weights that are all alike.
Needs the extras onnx and map.

python examples/16_topologies.py
python examples/16_topologies.py squeezenet
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np
import onnx

from alpine_platform.systems.presets import HIGH_POWER
from alpine_sw import compile_network, load_onnx, map_network, quantise

FOLDER = Path(onnx.__file__).parent / "backend/test/data/light"
rng = np.random.default_rng(0)
for name in sys.argv[1:] or ("squeezenet", "bvlc_alexnet", "resnet50", "zfnet512"):
    began = time.perf_counter()
    network = load_onnx(FOLDER / f"light_{name}.onnx")
    images = {
        tensor: rng.normal(size=kind.shape).astype(np.float32)
        for tensor, kind in network.inputs.items()
    }
    quantised = quantise(network, images)
    read = time.perf_counter()
    found = map_network(quantised.graph, HIGH_POWER)
    compile_network(quantised.graph, found.mapping)
    ended = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{name}: {len(quantised.graph.nodes)} nodes; read and turned into int8 in "
        f"{read - began:.0f} s, mapped and compiled in {ended - read:.0f} s, {memory:.1f} GiB"
    )
    print(f"  {found.verdict}")
