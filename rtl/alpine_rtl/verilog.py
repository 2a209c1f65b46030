"""Verilog of the tile."""

from amaranth.back import verilog
from amaranth.lib import wiring

__all__ = ["emit"]


def emit(component: wiring.Component, *, name: str) -> str:
    """Return self-contained Verilog of a component; the same input gives the same text.

    Parameters
    ----------
    component : what to convert; its members become the ports of the top module, besides ``clk``
        and ``rst`` (synchronous, active high).
    name : name of the top module; submodules are named ``<name>.<submodule>``.
    """
    return str(verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True))
