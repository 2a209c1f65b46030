# SPDX-License-Identifier: Apache-2.0
"""What says where a network runs: tiles, parts of its nodes, buffers between cores, styles.

Plain data: it holds names and numbers, neither weights nor code. `check` holds it against a graph,
`yaml_file` reads and writes it, `alpine_sw.programs` makes programs of it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError
from alpine_models.tile import MAX_LINES
from alpine_sw.library.software import InputFormat, Software

__all__ = [
    "InputFormat",
    "Link",
    "LinkKind",
    "MappedTile",
    "Mapping",
    "NodeSplit",
    "Part",
    "Range",
    "Software",
    "SplitAxis",
    "Style",
    "TileAttachment",
]

Range = tuple[int, int]
"""Elements from the first on, up to the second without it."""


class SplitAxis(StrEnum):
    """Along which axis a node with a matrix is cut into several."""

    INPUTS = "inputs"
    """Of the matrix, or the channels that a convolution reads: every piece is digitised by its own
    converters, and the codes are added up by a core."""
    OUTPUTS = "outputs"
    """Of the matrix: the pieces' results stand side by side."""
    ROWS = "rows"
    """Of the image that a convolution makes: every piece has the whole matrix, so that several
    tiles share the work."""


class TileAttachment(StrEnum):
    """How a core reaches a tile."""

    CORE = "core"
    """By CM instructions: the tile is part of the core."""
    IO = "io"
    """By loads and stores: the tile is one of the accelerator's, behind the I/O path."""


class LinkKind(StrEnum):
    """What hands values from the cores that make them to those that read them."""

    PING_PONG = "ping-pong"
    """Slots for whole vectors."""
    ROW_RING = "row-ring"
    """Slots for rows of an image; the reader begins before the image is whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MappedTile:
    """A tile and the core that uses it.

    Members
    -------
    name : of the tile; a mapping's tiles have different ones.
    core : number of the core.
    rows, columns : word lines and bit lines.
    attached : how the core reaches it.
    feeds : name of the tile that takes its outputs without the core, or None; of tiles behind the
        I/O path only.

    Raises
    ------
    AlpineError
        A number is out of range, or a tile of a core feeds another.
    """

    name: str
    core: int
    rows: int
    columns: int
    attached: TileAttachment = TileAttachment.CORE
    feeds: str | None = None

    def __post_init__(self) -> None:
        whole_number(f"core of tile {self.name}", self.core, least=0)
        whole_number(f"rows of tile {self.name}", self.rows, least=1, most=MAX_LINES)
        whole_number(f"columns of tile {self.name}", self.columns, least=1, most=MAX_LINES)
        if self.feeds is not None and self.attached is not TileAttachment.IO:
            raise AlpineError(
                f"tile {self.name} feeds tile {self.feeds}, which only tiles behind the I/O path "
                f"can: set attached to {TileAttachment.IO}, or leave feeds out"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How the software around a node is written; styles change times, never values.

    Members
    -------
    operands : how operands of CM instructions are packed.
    product : of products without tiles, one of `alpine_sw.kernels.MVM_STYLES`.
    activations : four elements at a time, or one call of the C library per element.
    block : outputs per call of a product without a tile; None calls it once for all.
    inline_copies : whether copies of the network's inputs and outputs, whose size the compiler
        knows, are expanded in line; only up to 512 bytes.
    fresh_results : whether results lie in newly allocated memory in every inference.
    """

    operands: Software = Software.RELEASED
    product: str = "neon4"
    activations: Literal["eigen", "libm"] = "eigen"
    block: int | None = None
    inline_copies: bool = False
    fresh_results: bool = False

    def __post_init__(self) -> None:
        if self.block is not None:
            whole_number("block of a style", self.block, least=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeSplit:
    """A node with a matrix that is cut into several, each with parts of its own.

    The piece from 0 to 255 of a node `layer`, cut by its inputs, is called `layer inputs 0-255`.

    Members
    -------
    node : name of the graph's node, or of a piece that an earlier split made.
    by : what is divided.
    ranges : that the pieces take, in order, without gaps.

    Raises
    ------
    AlpineError
        The ranges do not follow one another from 0 on, or there is one only.
    """

    node: str
    by: SplitAxis
    ranges: tuple[Range, ...]

    def __post_init__(self) -> None:
        place = 0
        for first, end in self.ranges:
            whole_number(f"first of the {self.by} of a piece of node {self.node}", first, least=0)
            whole_number(f"end of {self.by} {first} of node {self.node}", end, least=first + 1)
            if first != place:
                raise AlpineError(
                    f"{self.by} of node {self.node} are split into {self.words}: let every range "
                    "begin where the one before ends, the first at 0"
                )
            place = end
        if len(self.ranges) < 2:
            raise AlpineError(f"{self.by} of node {self.node} are split into one piece: give two")

    @property
    def words(self) -> str:
        """The ranges in words."""
        return ", ".join(f"{first} to {end - 1}" for first, end in self.ranges)

    def piece(self, first: int, end: int) -> str:
        """Name of the node that takes a range."""
        return f"{self.node} {self.by} {first}-{end - 1}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A node, or some of its outputs, on a core.

    Only nodes that multiply with a matrix need parts; every other node runs on the cores of the
    node whose result it takes first.

    Members
    -------
    node : name of the graph's node.
    core : that computes it.
    outputs : ranges of the matrix's outputs, in the order in which they lie on the bit lines; None
        is all of them. An LSTM cell's four gates of some units are four ranges.
    tile : name of the tile that holds it, or None for a product by the core.
    row, column : word line of its first input and bit line of its first output.
    turn : when the core works on it within a step; parts of one tile with the same turn share one
        product. Turns count from 0.
    behind : inferences by which it works behind the core's first parts (software pipelining).
    label : beginning of the names of its sections in the breakdown of time, or empty.
    style : of its software, where it differs from the mapping's.

    Raises
    ------
    AlpineError
        A number or range is out of range.
    """

    node: str
    core: int
    outputs: tuple[Range, ...] | None = None
    tile: str | None = None
    row: int = 0
    column: int = 0
    turn: int = 0
    behind: int = 0
    label: str = ""
    style: Style | None = None

    def __post_init__(self) -> None:
        for name in ("core", "row", "column", "turn", "behind"):
            whole_number(f"{name} of node {self.node}", getattr(self, name), least=0)
        for first, end in self.outputs or ():
            whole_number(f"first output of node {self.node}", first, least=0)
            whole_number(f"end of outputs {first} of node {self.node}", end, least=first + 1)

    @property
    def numbers(self) -> str:
        """Its outputs in words."""
        if self.outputs is None:
            return "all"
        return ", ".join(f"{first}-{end - 1}" for first, end in self.outputs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A buffer between the cores that make a value and those that read it.

    Members
    -------
    value : name of the tensor that it carries: a node's result, or the network's input where the
        network itself chooses what it reads next.
    to : names of the nodes that read it, each on every core that has a part of it.
    kind : what passes at a time.
    slots : vectors or rows that lie in it at most.
    claimed_early : whether the maker waits for a free slot before its product and not behind it;
        matters to products without tiles alone.

    Raises
    ------
    AlpineError
        Nobody reads it, or it has no slot.
    """

    value: str
    to: tuple[str, ...]
    kind: LinkKind = LinkKind.PING_PONG
    slots: int = 2
    claimed_early: bool = False

    def __post_init__(self) -> None:
        whole_number(f"slots of the buffer behind node {self.value}", self.slots, least=1)
        if not self.to:
            raise AlpineError(
                f"buffer behind node {self.value} has no reader: name the nodes that read it"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Mapping:
    """Where a network runs and how.

    Members
    -------
    name : of the mapping, for people.
    network : name of the graph that it is for.
    tiles : in the order of their numbers on each core, and in the accelerator.
    parts : of the nodes, in the order of the graph.
    links : buffers between cores.
    style : of the software where a part has none of its own.
    inputs : what the network's inputs are in memory.
    memory : names of the blocks that are laid out before the programs start, in this order, as
        `alpine_sw.programs.layout` has them; empty for its own order.
    splits : nodes that are cut into several before anything is mapped; parts and links name the
        pieces (`alpine_sw.mapping.splits`).
    """

    name: str
    network: str
    tiles: tuple[MappedTile, ...] = ()
    parts: tuple[Part, ...]
    links: tuple[Link, ...] = ()
    style: Style = field(default_factory=Style)
    inputs: InputFormat = InputFormat.INT8
    memory: tuple[str, ...] = ()
    splits: tuple[NodeSplit, ...] = ()
