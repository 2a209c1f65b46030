# SPDX-License-Identifier: Apache-2.0
"""From a graph and its mapping to the plan of its programs: how every stage works."""

from dataclasses import replace

from alpine_models.errors import AlpineError
from alpine_sw.graph import Convolution, Graph, LstmCell
from alpine_sw.graph.sequences import SequenceOperator
from alpine_sw.mapping import (
    LinkKind,
    Mapping,
    Stage,
    TileAttachment,
    stages_of,
)

from .following import Following, following_of, general_following
from .network_plan import NetworkPlan
from .plan_checks import check_link, check_operands, check_rectangles, check_rows, check_sequence
from .row_shape import RowShape, image_shape_of, row_shape_of
from .tile_plans import tile_plans

__all__ = ["network_plan"]


def network_plan(graph: Graph, mapping: Mapping) -> NetworkPlan:
    """Return the plan of a mapped network.

    Raises
    ------
    AlpineError
        The mapping does not fit the graph, or part of the graph has no program.
    """
    stages = stages_of(graph, mapping)
    if len(graph.inputs) != 1:
        raise AlpineError(
            f"network {graph.name} has the inputs {', '.join(graph.inputs)}, but programs read one:"
            " join them into one"
        )
    plan = _by_rows_and_vectors(graph, mapping, stages)
    for stage in stages:
        check_operands(plan, stage)
    for stage in stages:
        if stage.name in plan.shapes:
            check_rows(plan, stage)
    for link in mapping.links:
        check_link(plan, link)
    return plan


def _by_rows_and_vectors(graph: Graph, mapping: Mapping, stages: tuple[Stage, ...]) -> NetworkPlan:
    """Say how every stage works: row by row, vector by vector, or on whole tensors."""
    plan = NetworkPlan(
        graph=graph,
        mapping=mapping,
        stages=stages,
        tiles=tile_plans(mapping, stages),
        following={},
        shapes={},
        images={},
        general=frozenset(),
    )
    following, shapes = dict[str, Following](), dict[str, RowShape]()
    images, general = dict[str, RowShape](), set[str]()
    plan = replace(plan, following=following, shapes=shapes)
    for stage in stages:
        if isinstance(stage.node.operator, LstmCell):
            continue
        if isinstance(stage.node.operator, Convolution):
            if (shape := _row_shape(plan, stage)) is not None:
                shapes[stage.name] = shape
                continue
            images |= _image_shape(graph, stage)
        elif isinstance(stage.node.operator, SequenceOperator):
            check_sequence(stage)
        elif (found := _vector_following(plan, stage)) is not None:
            following[stage.name] = found
            continue
        following[stage.name] = general_following(graph, stage)
        general.add(stage.name)
    return replace(plan, images=images, general=frozenset(general))


def _row_shape(plan: NetworkPlan, stage: Stage) -> RowShape | None:
    """Sizes of a convolution that works row by row, or None where it needs the whole image.

    Raises
    ------
    AlpineError
        It needs that, but a row ring leads to it.
    """
    graph, operand = plan.graph, stage.node.operands[0]
    link = plan.link_to(stage, operand)
    ring = link is not None and link.kind is LinkKind.ROW_RING
    makers = plan.makers(operand)
    rows_come = operand in graph.inputs or any(one.name in plan.shapes for one in makers)
    alone = len(plan.leaving(stage)) == 1 and not stage.leaders and len(_readers(plan, stage)) < 2
    # Whole images pass through a ping-pong buffer, rows through a ring or the core's own memory.
    if not ring and (link is not None or not rows_come or not alone):
        return None
    try:
        return row_shape_of(graph, stage)
    except AlpineError:
        if ring:
            raise
        return None


def _readers(plan: NetworkPlan, stage: Stage) -> list[Stage]:
    """Other stages that read what a stage makes."""
    return [
        other
        for other in plan.stages
        if other is not stage and not set(stage.makes).isdisjoint(other.reads)
    ]


def _image_shape(graph: Graph, stage: Stage) -> dict[str, RowShape]:
    """Sizes of a convolution by its stage's name; a tile needs them.

    Raises
    ------
    AlpineError
        It lies in several rectangles, or in a tile and its window is not square or is dilated.
    """
    check_rectangles(stage)
    try:
        return {stage.name: image_shape_of(graph, stage)}
    except AlpineError:
        if stage.parts[0].tile is not None:
            raise
        return {}


def _vector_following(plan: NetworkPlan, stage: Stage) -> Following | None:
    """What follows behind a stage with one vector; None where it needs programs for any operator.

    Raises
    ------
    AlpineError
        It needs those, but several cores share it, or tiles behind the I/O path hold it.
    """
    tiles = {tile.name: tile for tile in plan.mapping.tiles}
    loose = any(
        part.tile is not None and tiles[part.tile].attached is TileAttachment.IO
        for part in stage.parts
    )
    shared = stage.count > 1 or loose
    behind = {name for node in stage.followers for name in node.operands}
    linked = [name for name in sorted(behind) if plan.link_to(stage, name) is not None]
    if shared and (stage.leaders or linked):
        why = [*(node.name for node in stage.leaders), *linked][0]
        raise AlpineError(
            f"node {stage.node.name}, beside which {why} is needed, is shared by cores or lies "
            "behind the I/O path: give it one core"
        )
    if stage.leaders or linked:
        return None
    try:
        return following_of(plan.graph, stage)
    except AlpineError:
        if shared:
            raise
        return None
