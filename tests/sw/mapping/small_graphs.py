# SPDX-License-Identifier: Apache-2.0
import numpy as np

from alpine_sw.graph import Dense, Graph, GraphBuilder, LstmCell, Relu, Requantise, int8


def perceptron() -> Graph:
    net = GraphBuilder("two layers", {"x": int8(6)})
    codes = "x"
    for number, size in enumerate([(4, 6), (2, 4)], start=1):
        sums = net.add(f"layer {number}", Dense(weights=np.ones(size, np.int8)), codes)
        codes = net.add(f"codes {number}", Requantise(lsb=np.float32(2)), sums)
        codes = net.add(f"relu {number}", Relu(), codes)
    return net.build(codes)


def recurrent() -> Graph:
    net = GraphBuilder("cell and dense", {"x": int8(3)})
    weights = np.ones((16, 4 + 3), np.int8)
    h = net.add("cell", LstmCell(weights=weights, lsb=np.ones(16, np.float32), gate_scale=1.0), "x")
    sums = net.add("dense", Dense(weights=np.ones((2, 4), np.int8)), h)
    return net.build(net.add("codes", Requantise(lsb=np.float32(2)), sums))
