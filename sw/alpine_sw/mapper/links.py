# SPDX-License-Identifier: Apache-2.0
"""Buffers between cores that follow from where the nodes of a graph run."""

from collections.abc import Sequence

from alpine_models.errors import AlpineError
from alpine_sw.graph import Convolution, Graph, LstmCell
from alpine_sw.mapping import Link, LinkKind, Stage
from alpine_sw.mapping.chain import buffer_in_front
from alpine_sw.programs.row_shape import row_shape_of

__all__ = ["links_for"]


def links_for(graph: Graph, stages: Sequence[Stage]) -> tuple[Link, ...]:
    """Return a buffer for every value that a core reads and another makes.

    A buffer that skips cores of the pipeline has a slot more for each of them, so that it does not
    hold the pipeline up.
    """
    rows = _by_rows(graph, stages)
    links: list[Link] = []
    tensors = dict.fromkeys(name for stage in stages for name in stage.makes)
    for tensor in tensors:
        makers = [stage for stage in stages if tensor in stage.makes]
        cores = {stage.core for stage in makers}
        readers = [stage for stage in stages if tensor in _reads(stage)]
        far = [one for one in readers if cores != {one.core}]
        if not far:
            continue
        first = far[0]
        if first.node.name in rows and makers[0].node.name in rows:
            links.append(buffer_in_front(graph, first.product))
            continue
        distance = max(one.core for one in far) - min(cores)
        names = tuple(dict.fromkeys(one.node.name for one in far))
        links.append(Link(value=tensor, to=names, slots=max(distance + 1, 2)))
    assert all(link.kind is not LinkKind.ROW_RING or len(link.to) == 1 for link in links)
    return tuple(links)


def _reads(stage: Stage) -> set[str]:
    """What a stage reads; a share of a cell reads the whole h as well."""
    own = {stage.node.name} if stage.count > 1 and isinstance(stage.node.operator, LstmCell) else ()
    return {*stage.reads, *own}


def _by_rows(graph: Graph, stages: Sequence[Stage]) -> set[str]:
    """Names of convolutions that can work row by row."""
    found: set[str] = set()
    for stage in stages:
        if not isinstance(stage.node.operator, Convolution) or stage.leaders:
            continue
        operand = stage.node.operands[0]
        made = [one for one in stages if operand in one.makes]
        if operand not in graph.inputs and not any(one.node.name in found for one in made):
            continue
        others = [one for one in stages if one is not stage]
        readers = [one for one in others if not set(stage.makes).isdisjoint(one.reads)]
        leaving = {name for one in readers for name in one.reads} & set(stage.makes)
        outputs = set(graph.outputs) & set(stage.makes)
        if len(readers) > 1 or len(leaving | outputs) != 1:
            continue
        try:
            row_shape_of(graph, stage)
        except AlpineError:
            continue
        found.add(stage.node.name)
    return found
