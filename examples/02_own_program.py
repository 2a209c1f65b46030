# SPDX-License-Identifier: Apache-2.0
"""A layer and its ReLU through an analog tile, written with AIMClib (docs/aimclib.md).

python examples/02_own_program.py
alpine run --program examples/02_own_program.py:setup
"""

import numpy as np

from alpine_cosim import ProgramSetup, run_program
from alpine_models.tile import TileConfig
from alpine_sw.library.aimclib import Aimc, Tile, section

rng = np.random.default_rng(0)
weights = rng.integers(-20, 20, (32, 64)).astype(np.int8)
images = rng.integers(0, 100, (10, 64)).astype(np.int8)

tile = Tile(TileConfig(rows=64, columns=32))
tile.map_matrix(weights, lsb=250.0, name="layer")


def start(memory):
    """Place the data and return one program per core."""
    aimc = Aimc(memory)
    inputs = memory.place("images", images.reshape(-1))
    outputs = memory.allocate("outputs", 10 * 32)

    def layer():
        for image in range(10):
            x = inputs.part(64 * image, 64 * (image + 1))
            y = outputs.part(32 * image, 32 * (image + 1))
            yield from section("queue", aimc.queue_vector(x))
            yield from section("process", aimc.process())
            yield from section("dequeue", aimc.dequeue_vector(y))
            yield from section("activation", aimc.relu(y))
        return outputs.data.reshape(10, 32)

    return {0: layer()}


def setup():
    """Return what `alpine run --program` runs."""
    return ProgramSetup(start=start, tiles={0: [tile]})


if __name__ == "__main__":
    result = run_program(start, tiles={0: [tile]}, system="high-power", engine="rtl")

    exact = np.clip(np.rint(images.astype(float) @ weights.T / 250.0), 0, 127)
    print(f"{result.time_s * 1e6:.2f} us, {result.energy_j * 1e6:.2f} uJ")
    print({name: f"{share:.0%}" for name, share in result.breakdown.items()})
    print("equal to numpy:", np.array_equal(result.returned[0], exact))
