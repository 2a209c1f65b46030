# SPDX-License-Identifier: Apache-2.0
"""A network of your own: a graph says what it computes, a program runs it through a tile's RTL.

python examples/03_own_network.py
"""

import numpy as np

from alpine_cosim import run_program
from alpine_models import TileConfig
from alpine_sw import Aimc, Tile
from alpine_sw.graph import Dense, GraphBuilder, Relu, Requantise, golden, graph_table, int8

rng = np.random.default_rng(0)
first = rng.integers(-60, 60, (32, 64)).astype(np.int8)
second = rng.integers(-60, 60, (8, 32)).astype(np.int8)
LSB = 1500.0, 1000.0
images = rng.integers(0, 100, (5, 64)).astype(np.int8)

net = GraphBuilder("example", {"pixels": int8(64)})
node = "pixels"
for number, (weights, lsb) in enumerate(zip((first, second), LSB, strict=True), 1):
    node = net.add(f"layer {number}", Dense(weights=weights), node)
    steps = np.full(len(weights), lsb, np.float32)
    node = net.add(f"codes {number}", Requantise(lsb=steps), node)
    node = net.add(f"relu {number}", Relu(), node)
graph = net.build(node)
print(graph_table(graph))

# Both matrices share one tile; what leaves the first is queued again for the second.
tile = Tile(TileConfig(rows=96, columns=40))
tile.map_matrix(first, lsb=LSB[0], name="first")
tile.map_matrix(second, row=64, column=32, lsb=LSB[1], name="second")


def start(memory):
    """Place the images and return the program of core 0."""
    aimc = Aimc(memory)
    pixels = memory.place("images", images.reshape(-1))
    hidden = memory.allocate("hidden", 32)
    answers = memory.allocate("answers", 5 * 8)

    def classify():
        for image in range(5):
            yield from aimc.queue_vector(pixels.part(64 * image, 64 * (image + 1)), index=0)
            yield from aimc.process()
            yield from aimc.dequeue_vector(hidden, index=0)
            yield from aimc.relu(hidden)
            answer = answers.part(8 * image, 8 * (image + 1))
            yield from aimc.queue_vector(hidden, index=64)
            yield from aimc.process()
            yield from aimc.dequeue_vector(answer, index=32)
            yield from aimc.relu(answer)
        return answers.data.reshape(5, 8)

    return {0: classify()}


result = run_program(start, tiles={0: [tile]}, engine="rtl")
print(f"{result.time_s * 1e6:.2f} us, {result.energy_j * 1e6:.2f} uJ")
print("equal to the graph:", np.array_equal(result.returned[0], golden(graph, images)))
