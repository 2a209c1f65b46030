# SPDX-License-Identifier: Apache-2.0
"""The tile alone: its RTL, verilated, multiplies one vector, and every cycle is Python's.

python examples/01_tile_alone.py
"""

import numpy as np
from hand_driven_tile import HandDrivenTile

from alpine_cosim import VerilatedModel
from alpine_models import TileConfig
from alpine_rtl import AimcTile

LSB = 500.0
rng = np.random.default_rng(0)
weights = rng.integers(-128, 128, (16, 16)).astype(np.int8)
inputs = rng.integers(-128, 128, 16).astype(np.int8)

tile = AimcTile(config=TileConfig(rows=16, columns=16))
with VerilatedModel.build(tile, top="aimc_tile") as model:
    driven = HandDrivenTile(model, weights, lsb=LSB)
    start = model.cycles
    outputs = driven.multiply(inputs)
    print(f"{model.cycles - start} cycles for 4 queues, a product and 4 dequeues")

exact = np.clip(np.rint(weights.astype(float) @ inputs / LSB), -128, 127)
print("outputs:", outputs)
print("equal to numpy:", np.array_equal(outputs, exact))
