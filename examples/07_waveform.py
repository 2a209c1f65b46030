# SPDX-License-Identifier: Apache-2.0
"""Waveforms: a product of the tile is recorded, and its phases are read from the file.

GTKWave and Surfer show the file. VCD is text: names with their short codes, then times and changes.

python examples/07_waveform.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hand_driven_tile import HandDrivenTile

from alpine_cosim import VerilatedModel
from alpine_models import TileConfig
from alpine_rtl import AimcTile
from alpine_rtl.sequencer import MvmPhase

tile = AimcTile(config=TileConfig(rows=16, columns=16))
weights = np.eye(16, dtype=np.int8)
with TemporaryDirectory() as folder:
    waveform = Path(folder) / "product.vcd"
    with VerilatedModel.build(tile, top="aimc_tile", trace="vcd") as model:
        driven = HandDrivenTile(model, weights, lsb=1.0)
        with model.trace(waveform, depth=1):
            driven.multiply(np.arange(16, dtype=np.int8))

    codes: dict[str, str] = {}
    time_ps, phase, since_ps = 0, 0, 0
    for line in waveform.read_text().splitlines():
        words = line.split()
        if words[:1] == ["$var"]:
            _, _, _width, code, name, *_ = words
            codes[name] = code
        elif line.startswith("#"):
            time_ps = int(line[1:])
        elif line.startswith("b") and words[1] == codes["xb_phase"]:
            value = int(words[0][1:], 2)
            if value != phase:
                print(f"phase {MvmPhase(phase).name} for {(time_ps - since_ps) / 1000:g} ns")
            phase, since_ps = value, time_ps
