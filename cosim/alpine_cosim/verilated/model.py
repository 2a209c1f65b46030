"""A verilated module as a Python object: ports as attributes, stepping, tracing."""

import ctypes
import difflib
import functools
import re
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from amaranth.lib import wiring

from alpine_models.errors import AlpineError
from alpine_rtl.verilog import emit

from .compile import TraceFormat, compile_model, storage_bytes
from .ports import Port, PortDirection, ports_of, ports_of_verilog
from .toolchain import Toolchain

__all__ = ["Io", "VerilatedModel"]

WORD_BITS = 64


class Io:
    """The ports of a model, as attributes.

    Ports of up to 64 bits read as integers, signed where the port is; wider ones as a live numpy
    view of their bytes, lowest first. Inputs can be set from an integer, bytes or an array.
    """

    def __init__(self, ports: Sequence[Port], views: dict[str, npt.NDArray[Any]]):
        self._ports: dict[str, Port]
        self._views: dict[str, npt.NDArray[Any]]
        object.__setattr__(self, "_ports", {port.name: port for port in ports})
        object.__setattr__(self, "_views", views)

    def __getattr__(self, name: str) -> Any:
        port = self._find(name)
        view = self._views[name]
        if port.width > WORD_BITS:
            return view
        value = int(view[0])
        return value - (1 << port.width) if port.signed and value >> port.width - 1 else value

    def __setattr__(self, name: str, value: Any) -> None:
        port = self._find(name)
        if port.direction is not PortDirection.INPUT:
            raise AttributeError(f"port {name} is an output of the model and cannot be set")
        view = self._views[name]
        if isinstance(value, bytes | np.ndarray):
            data = value if isinstance(value, bytes) else value.tobytes()
            size = (port.width + 7) // 8
            if len(data) != size:
                raise ValueError(f"port {name} takes {size} bytes, not {len(data)}")
            number = int.from_bytes(data, "little")
        else:
            number = int(value)
        low = -(1 << port.width - 1) if port.signed else 0
        if not low <= number < (1 << port.width):
            raise ValueError(f"port {name} takes {port.width} bits, not the value {number}")
        number &= (1 << port.width) - 1
        if port.width <= WORD_BITS:
            view[0] = number
        else:
            view[:] = np.frombuffer(number.to_bytes(len(view), "little"), np.uint8)

    def __dir__(self) -> list[str]:
        return list(self._ports)

    def __repr__(self) -> str:
        width = max(map(len, self._ports))
        return "\n".join(
            f"{name:{width}}  {port.direction.value:6} {port.width:6}  "
            f"{getattr(self, name) if port.width <= WORD_BITS else '...'}"
            for name, port in self._ports.items()
        )

    def _find(self, name: str) -> Port:
        try:
            return self._ports[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._ports, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {list(self._ports)}"
            raise AttributeError(f"the model has no port {name}; {hint}") from None


class VerilatedModel:
    """One instance of a verilated module, clocked from Python or from native code beside it.

    Use `build`; a model holds native memory, which `close` or leaving a ``with`` block frees.

    Members
    -------
    io : Io
        The ports.
    ports : the port list.
    library : ctypes.CDLL
        The compiled model; extensions add functions that take `handle`.
    handle : int
        Address of the instance.
    """

    def __init__(
        self,
        library: Path,
        ports: Sequence[Port],
        *,
        clock: str,
        reset: str,
        trace: TraceFormat | None,
    ):
        self.ports = tuple(ports)
        self.library = _load(library)
        self.handle: int = self.library.alpine_create()
        self._clock, self._reset, self._trace_format = clock, reset, trace
        self._views = {
            port.name: _port_view(port, self.library.alpine_port_address(self.handle, number))
            for number, port in enumerate(ports)
        }
        self.io = Io(ports, self._views)

    @classmethod
    def build(
        cls,
        design: wiring.Component | str | Path,
        *,
        top: str | None = None,
        ports: Sequence[Port] | None = None,
        clock: str = "clk",
        reset: str = "rst",
        trace: TraceFormat | str | None = None,
        extensions: Sequence[str] = (),
        control: str = "",
    ) -> Self:
        """Compile a design, or find it in the cache, and return a new instance of it.

        Parameters
        ----------
        design : an Amaranth component, Verilog text, or the path of a Verilog file.
        top : name of the top module; required for Verilog, ``top`` for components by default.
        ports : the top module's ports; read from the component's signature or the Verilog when
            omitted.
        clock, reset : names of the clock and of the synchronous active-high reset.
        trace : waveform format that the model can write, or None for the fastest model.
        extensions : native sources of this package to compile beside the model.
        control : text of a Verilator control file, read before the design.

        Raises
        ------
        AlpineError
            A tool is missing or rejects the design, or the cache cannot be written.
        """
        if trace is not None:
            trace = TraceFormat(trace)
        if isinstance(design, wiring.Component):
            top = top or "top"
            ports = ports or ports_of(design)
            verilog = emit(design, name=top)
        else:
            if top is None:
                raise AlpineError("a Verilog design needs the name of its top module: pass top=...")
            is_text = isinstance(design, str) and re.search(r"\n|\bmodule\s", design)
            verilog = str(design) if is_text else _read(Path(design))
            if ports is None:
                with tempfile.TemporaryDirectory() as workdir:
                    source = Path(workdir) / f"{top}.v"
                    source.write_text(verilog)
                    ports = ports_of_verilog(
                        source, top=top, toolchain=Toolchain.find(), workdir=Path(workdir)
                    )
        library = compile_model(
            verilog,
            ports,
            top=top,
            clock=clock,
            trace=trace,
            extensions=extensions,
            control=control,
        )
        return cls(library, ports, clock=clock, reset=reset, trace=trace)

    @property
    def cycles(self) -> int:
        """Clock cycles since creation."""
        return self.library.alpine_cycles(self.handle)

    def step(self, count: int = 1) -> None:
        """Run whole clock cycles; outputs read afterwards are those of the new state."""
        self.library.alpine_step(self.handle, count)

    def eval(self) -> None:
        """Settle outputs that depend combinationally on inputs, without a clock edge."""
        self.library.alpine_eval(self.handle)

    def step_until(self, port: str, value: int, max_cycles: int) -> int:
        """Step until a port has a value and return the cycles that took, possibly 0.

        Raises
        ------
        TimeoutError
            The value did not appear within ``max_cycles``.
        ValueError
            The port is wider than 64 bits.
        """
        getattr(self.io, port)
        (found,) = (p for p in self.ports if p.name == port)
        if found.width > WORD_BITS:
            raise ValueError(
                f"step_until looks at ports of up to 64 bits; {port} has {found.width}"
            )
        stepped = self.library.alpine_step_until(
            self.handle,
            self._views[port].ctypes.data,
            storage_bytes(found),
            value & (1 << found.width) - 1,
            max_cycles,
        )
        if stepped < 0:
            raise TimeoutError(f"port {port} was not {value} within {max_cycles} cycles")
        return stepped

    def reset(self, cycles: int = 2) -> None:
        """Set every input to 0, hold reset for some cycles, and release it."""
        for port in self.ports:
            if port.direction is PortDirection.INPUT:
                self._views[port.name][:] = 0
        setattr(self.io, self._reset, 1)
        self.step(cycles)
        setattr(self.io, self._reset, 0)
        self.eval()

    @contextmanager
    def trace(self, path: str | Path) -> Generator[None]:
        """Write a waveform of everything that happens inside the ``with`` block.

        Raises
        ------
        AlpineError
            The model was built without tracing, or the file cannot be written.
        """
        if self._trace_format is None:
            raise AlpineError('this model has no tracing: build it with trace="fst" or "vcd"')
        if not self.library.alpine_trace_open(self.handle, str(path).encode()):
            raise AlpineError(f"waveform {path} cannot be written: check that its folder exists")
        try:
            yield
        finally:
            self.library.alpine_trace_close(self.handle)

    def close(self) -> None:
        """Free the native instance; the object must not be used afterwards."""
        if self.handle:
            self.library.alpine_destroy(self.handle)
            self.handle = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self.io)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise AlpineError(f"Verilog file {path} cannot be read: {error.strerror}") from error


def _port_view(port: Port, address: int) -> npt.NDArray[Any]:
    if port.width > WORD_BITS:
        length, kind = (port.width + 7) // 8, ctypes.c_uint8
    else:
        kinds = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}
        length, kind = 1, kinds[storage_bytes(port)]
    return np.ctypeslib.as_array((kind * length).from_address(address))


@functools.cache
def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    pointer, u64, i32 = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int
    for name, result, arguments in (
        ("alpine_create", pointer, []),
        ("alpine_destroy", None, [pointer]),
        ("alpine_eval", None, [pointer]),
        ("alpine_cycles", u64, [pointer]),
        ("alpine_step", None, [pointer, u64]),
        ("alpine_step_until", ctypes.c_int64, [pointer, pointer, i32, u64, u64]),
        ("alpine_port_address", pointer, [pointer, i32]),
        ("alpine_trace_open", i32, [pointer, ctypes.c_char_p]),
        ("alpine_trace_close", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
