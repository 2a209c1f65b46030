# SPDX-License-Identifier: Apache-2.0
"""Normalisations of channels that become part of the weights before them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from alpine_models.errors import AlpineError

from .network import FloatNetwork, FloatNode
from .operators.matrices import OnnxGemm
from .operators.normalisation import OnnxBatchNormalization
from .operators.operator import Array

__all__ = ["folded", "with_outputs"]


def with_outputs(network: FloatNetwork, outputs: Sequence[str]) -> FloatNetwork:
    """Return a network with some of its results, without the nodes that these do not need.

    Raises
    ------
    AlpineError
        A name is none of a result of the network.
    """
    for name in outputs:
        if name not in network.outputs:
            raise AlpineError(
                f"network {network.name} has no output {name!r}: choose from "
                f"{', '.join(network.outputs)}"
            )
    needed, nodes = set(outputs), list[FloatNode]()
    for node in reversed(network.nodes):
        if needed & {*node.outputs}:
            needed |= {*node.operands}
            nodes.append(node)
    return replace(network, nodes=tuple(reversed(nodes)), outputs=tuple(outputs))


def folded(network: FloatNetwork) -> FloatNetwork:
    """Return a network whose batch normalisations behind products are part of their weights.

    A convolution or dense layer that only a normalisation reads has its weights multiplied and its
    bias changed, in float64, rounded once; the normalisation goes. Others stay.
    """
    constants = dict(network.constants)
    nodes: list[FloatNode] = []
    made = {name: node for node in network.nodes for name in node.outputs if name}
    replaced: dict[str, FloatNode] = {}
    gone: set[str] = set()
    for node in network.nodes:
        before = made.get(node.operands[0]) if node.operands else None
        if node.kind != "BatchNormalization" or before is None:
            continue
        if "".join(before.operands[1:2]) in network.codes:
            continue
        if len(network.readers(node.operands[0])) > 1 or node.operands[0] in network.outputs:
            continue
        merged = _merged(before, node, constants)
        if merged is not None:
            replaced[before.name] = merged
            gone.add(node.name)
    nodes = [replaced.get(node.name, node) for node in network.nodes if node.name not in gone]
    return replace(network, nodes=tuple(nodes), constants=constants)


def _merged(
    product: FloatNode, normalisation: FloatNode, constants: dict[str, Array]
) -> FloatNode | None:
    """The product with the normalisation in it, or None; its new weights join the constants."""
    parameters = [constants.get(name) for name in normalisation.operands[1:]]
    weights = constants.get(product.operands[1]) if product.kind in ("Conv", "Gemm") else None
    third = "".join(product.operands[2:3])
    bias = constants.get(third) if third else np.zeros(1, np.float32)
    if weights is None or bias is None or any(each is None for each in parameters):
        return None
    axis = 0
    if isinstance(product.operator, OnnxGemm):
        if product.operator.alpha != 1 or product.operator.beta != 1:
            return None
        axis = 0 if product.operator.transB else 1
    scale, addend, mean, variance = (cast(Array, each).astype(np.float64) for each in parameters)
    epsilon = cast(OnnxBatchNormalization, normalisation.operator).epsilon
    factor = scale / np.sqrt(variance + epsilon)
    shape = [1] * weights.ndim
    shape[axis] = -1
    output = normalisation.outputs[0]
    names = (f"{output} weights", f"{output} bias")
    constants[names[0]] = (weights * factor.reshape(shape)).astype(np.float32)
    constants[names[1]] = ((bias - mean) * factor + addend).astype(np.float32)
    return replace(product, operands=(*product.operands[:1], *names), outputs=(output,))
