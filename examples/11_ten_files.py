# SPDX-License-Identifier: Apache-2.0
"""A design in ten files, with a package, an include file, an enumeration and a structure.

python examples/11_ten_files.py
"""

from pathlib import Path

from alpine_cosim.binding import VerilatedModel

FOLDER = Path(__file__).parent / "verilog" / "pulse"

with VerilatedModel.build(FOLDER, top="pulse_generator") as generator:
    generator.reset()
    io = generator.io
    io.setting = {"period": 5, "width": 3}
    io.start = 1
    generator.step()
    states = []
    for _ in range(20):
        generator.step()
        states.append(io.state.name)
    print(" ".join(states))
    print(f"{io.pulses} pulse, set by {io.setting}")
