# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Passing a submodule's port on to the outside."""

from amaranth.lib.wiring import In

__all__ = ["join"]


def join(m, member, *, inner, outer) -> None:
    """Connect a submodule's port to the port of the same direction outside.

    Parameters
    ----------
    m : Module that the connection is added to.
    member : the port's declaration.
    inner, outer : the port of the submodule and the one outside.
    """
    m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
