# SPDX-License-Identifier: Apache-2.0
"""A function called inside a cocotb simulation of a piece of hardware.

`run_in_cocotb` starts the simulator with a function to call. Inside, the function runs in a thread
that cocotb suspends whenever it waits for the hardware; what it is given drives the hardware's
pins.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.hardware.hardware_kind import HardwareKind
from alpine_models.children import scratch_folder
from alpine_models.errors import AlpineError

from .building import build_simulator
from .job import PLUSARG, Job, outcome
from .running import CocotbTests, run_simulation

__all__ = ["run_in_cocotb"]


def run_in_cocotb(
    function_path: str,
    arguments: Mapping[str, Any],
    *,
    kind: HardwareKind,
    configuration: Any,
    period_fs: int = 1_000_000,
    waves: Path | None = None,
    timeout_s: float = 3600.0,
    verilog: str | None = None,
) -> Any:
    """Simulate hardware under cocotb, call a function with it inside, return what it returns.

    Parameters
    ----------
    function_path : ``"package.module:function"``, called as ``function(hardware, **arguments)``
        with what ``kind.in_cocotb`` made. It runs in another process; arguments and result are
        pickled.
    arguments : keyword arguments.
    kind, configuration : the hardware.
    period_fs : period of its clock.
    waves : waveform of the whole run to write; its suffix, ``.vcd`` or ``.fst``, is its format.
    timeout_s : host seconds after which the simulation is ended.
    verilog : a changed design to simulate instead, with the same ports.

    Raises
    ------
    AlpineError
        A tool is missing, or the simulation failed.
    Exception
        Whatever the function raised.
    """
    module, separator, name = function_path.partition(":")
    if not (module and separator and name):
        raise ValueError(f'function_path must be "package.module:function", not {function_path!r}')
    trace = None if waves is None else _trace_format(waves)
    simulator = build_simulator(
        kind.verilog(configuration) if verilog is None else verilog,
        top=kind.top,
        ports=kind.ports(configuration),
        trace=trace,
    )
    with scratch_folder("job") as directory:
        Job(
            module=module,
            function=name,
            arguments=dict(arguments),
            kind=kind,
            configuration=configuration,
            period_fs=period_fs,
        ).leave(directory)
        run_simulation(
            simulator,
            CocotbTests(
                module=f"{__package__}.serve",
                plusargs={PLUSARG: str(directory)},
                verbose=False,
            ),
            timeout_s=timeout_s,
            waves=waves,
        )
        return outcome(directory)


def _trace_format(waves: Path) -> TraceFormat:
    try:
        return TraceFormat(waves.suffix.removeprefix("."))
    except ValueError:
        raise AlpineError(
            f"waveform {waves} has no known format: end its name in .vcd or .fst"
        ) from None
