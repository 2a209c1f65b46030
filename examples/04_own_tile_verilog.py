# SPDX-License-Identifier: Apache-2.0
"""A tile of your own: the shipped Verilog, written and changed, stands where the shipped tile does.

`alpine run mlp --tile-verilog FILE` runs a whole network on such a tile.

python examples/04_own_tile_verilog.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hand_driven_tile import HandDrivenTile

from alpine_cosim import VerilatedModel
from alpine_cosim.hardware.own_tile import read_own_tile
from alpine_models import TileConfig
from alpine_rtl import write_tops

LSB = 500.0
COUNTER = """
  // Counts products.
  output reg [31:0] products;
  always @(posedge clk)
    if (rst) products <= 0;
    else if (xb_start) products <= products + 1;
endmodule
"""

config = TileConfig(rows=16, columns=16)
with TemporaryDirectory() as folder:
    write_tops(Path(folder), config)
    shipped = (Path(folder) / "aimc_tile.v").read_text()
    # The top module is the last one of the file.
    head, _, body = shipped.rpartition("\nmodule aimc_tile(")
    changed = f"{head}\nmodule aimc_tile(products, {body.replace('endmodule', COUNTER, 1)}"
    own = Path(folder) / "own_tile.v"
    own.write_text(changed)
    read_own_tile(own, [config])  # every port that a tile needs is there
    with VerilatedModel.build(own, top="aimc_tile") as model:
        rng = np.random.default_rng(0)
        weights = rng.integers(-128, 128, (16, 16)).astype(np.int8)
        driven = HandDrivenTile(model, weights, lsb=LSB)
        for _ in range(3):
            inputs = rng.integers(-128, 128, 16).astype(np.int8)
            exact = np.clip(np.rint(weights.astype(float) @ inputs / LSB), -128, 127)
            print("equal to numpy:", np.array_equal(driven.multiply(inputs), exact))
        print(f"the new counter says {model.io.products} products")
