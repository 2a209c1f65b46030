# SPDX-License-Identifier: Apache-2.0
"""Names of the ports of submodules, which Amaranth takes from signals alone."""

from typing import Any

from amaranth.hdl import Fragment, Signal

from .fragments import assign, components_inside
from .typed import Record

__all__ = ["name_inner_ports"]


def name_inner_ports(fragment: Fragment) -> None:
    """Give every field of a record among a submodule's members a signal of its own name.

    A port of a submodule is called like a signal there with the same bits. A record is one signal,
    so where its fields come from several places, Amaranth would call their ports ``port$267$0``, by
    numbers that any change to the design moves. A signal that is another name for a field costs no
    logic. The names are joined by two underscores, as Amaranth joins those of other members.

    Parameters
    ----------
    fragment : an elaborated design, not yet converted.
    """
    for part, component in components_inside(fragment):
        for path, _, value in component.signature.flatten(component):
            if isinstance(value, Record):
                record: Any = value
                for name, field in value.shape():
                    alias = Signal(field.width, name="__".join(map(str, (*path, name))))
                    assign(part, alias.eq(record[name]))
