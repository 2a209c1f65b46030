"""Loop bodies of the kernels, as compiled for the reference runs.

The instruction mixes are those of the reference data's README (gcc 12.2 -O3, Eigen 3.4, AArch64);
where it gives a mix without an order, the order is the compilers' usual one: loads first, the
pointer update among them, the comparison before the branch.
"""

from alpine_platform.loop_body import LoopBody

__all__ = [
    "CM_DEQUEUE_BYTES",
    "CM_DEQUEUE_WORD",
    "CM_QUEUE_BYTES",
    "CM_QUEUE_WORD",
    "COPY",
    "MVM_NEON1",
    "MVM_NEON1_ROW",
    "MVM_NEON4",
    "MVM_NEON4_ROWS",
    "RELU8",
    "REQUANTISE",
    "lines",
]


def lines(*texts: str) -> str:
    """Join pieces of a body."""
    return "\n".join(texts)


def numbered(text: str, count: int) -> str:
    """Repeat a piece of a body with `%` replaced by 0, 1, ..."""
    return "\n".join(text.replace("%", str(index)) for index in range(count))


def tail(register: str) -> str:
    """Comparison and closing branch on a register."""
    return f"alu flags <- {register}\nbranch <- flags"


COPY = LoopBody(
    name="memory_copy",
    text="""
    store_pair  <- a b d      @destination
    load_pair  a b <- s       @source
    store_pair  <- c e d      @destination+32
    load_pair  c e <- s       @source+32
    alu  s <- s
    alu  d <- d
    alu  n <- n
    branch <- n
    """,
)
"""glibc's memory copy: 64 bytes per iteration, 8 instructions, 20 operations."""

RELU8 = LoopBody(
    name="relu8_neon",
    text=lines(
        "load  q <- p            @codes",
        "fp  q <- q zero",
        "store16_post  <- q p    @codes",
        tail("p"),
    ),
)
"""ReLU of 16 int8 in place."""

REQUANTISE = LoopBody(
    name="requantise_relu",
    text=lines(
        numbered("load  q% <- p   @sums+%%", 4)
        .replace("+00", "+0")
        .replace("+11", "+16")
        .replace("+22", "+32")
        .replace("+33", "+48"),
        numbered("fp  q% <- q% shift", 4),
        "fp  h0 <- q0",
        "fp  h0 <- q1 h0",
        "fp  h0 <- h0 zero",
        "store16_post  <- h0 d   @codes",
        "alu  p <- p",
        tail("d"),
    ),
)
"""16 sums of int32 to int8 with ReLU: 15 instructions."""

MVM_NEON1 = LoopBody(
    name="mvm_neon1",
    text=lines(
        "load  w <- p       @weights",
        "load  x <- i       @inputs",
        "alu  i <- i",
        "fp  low <- w x",
        "fp  high <- w x",
        "fp  a <- a low",
        "fp  b <- b high",
        tail("i"),
    ),
)
"""16 products of one row: smull, smull2 and two sadalp."""

MVM_NEON1_ROW = LoopBody(
    name="mvm_neon1_row",
    text="""
    fp  a <- a b
    fp  a <- a
    fp  g <- a
    store  <- g y     @outputs
    alu  y <- y
    alu  p <- p
    alu  flags <- y
    jump  <- flags
    fp  a <-
    fp  b <-
    alu  i <- base
    """,
)
"""End of one row and start of the next: reduction, store, pointers, clearing."""

MVM_NEON4 = LoopBody(
    name="mvm_neon4",
    text=lines(
        "load  x <- i          @inputs",
        numbered("load  w% <- p i   @weights%", 4),
        "alu  i <- i",
        numbered("fp  low% <- w% x", 4),
        numbered("fp  high% <- w% x", 4),
        numbered("fp  a% <- a% low%", 4),
        numbered("fp  a% <- a% high%", 4),
        tail("i"),
    ),
)
"""64 products of four rows that share the inputs: 24 instructions with both sadalp of a row."""

MVM_NEON4_ROWS = LoopBody(
    name="mvm_neon4_rows",
    text=lines(
        numbered("fp  a% <- a%", 4),
        numbered("store  <- a% y    @outputs+%", 4)
        .replace("+1", "+4")
        .replace("+2", "+8")
        .replace("+3", "+12"),
        "alu  y <- y",
        "alu  p <- p",
        "alu  flags <- y",
        "jump  <- flags",
        numbered("fp  a% <-", 4),
        "alu  i <- base",
        "alu  p1 <- p",
        "alu  p2 <- p",
        "alu  p3 <- p",
    ),
)
"""End of four rows and start of the next four: about 20 instructions."""

QUEUE_BYTE = """
alu  flags <- i
alu  phase <- i
alu  flags <- phase flags
skip  <- flags
load  byte <- p i     @codes+%
alu  shift <- byte
alu  i <- i
alu  shift <- shift phase
alu  word <- word shift
alu  flags <- i
jump  <- flags
"""

CM_QUEUE_BYTES = LoopBody(
    name="cm_queue_aimclib",
    text=lines(
        numbered(QUEUE_BYTE, 3),
        "alu  flags <- i",
        "alu  phase <- i",
        "alu  flags <- phase flags",
        "skip  <- flags",
        "load  byte <- p i     @codes+3",
        "alu  operand <- word byte",
        "cm_queue  <- operand",
        "alu  i <- i",
        tail("i"),
    ),
)
"""The released library's queue of four codes, assembled byte by byte: 43 instructions."""

CM_QUEUE_WORD = LoopBody(
    name="cm_queue_word",
    text=lines("load_post  word <- p   @codes", "cm_queue  <- word", tail("p")),
)
"""Queue of four codes loaded as one word."""

DEQUEUE_BYTE = """
alu  flags <- i
skip  <- flags
store  <- word p i    @codes+%
alu  i <- i
alu  word <- word
alu  flags <- i
jump  <- flags
"""

CM_DEQUEUE_BYTES = LoopBody(
    name="cm_dequeue_aimclib",
    text=lines(
        "alu  flags <- i",
        "jump  <- flags",
        "cm_dequeue  result <-",
        "alu  word <- result",
        "jump  <-",
        "store  <- word p i    @codes",
        "alu  i <- i",
        "alu  word <- word",
        "alu  flags <- i",
        "jump  <- flags",
        DEQUEUE_BYTE.replace("%", "1"),
        DEQUEUE_BYTE.replace("%", "2"),
        DEQUEUE_BYTE.replace("%", "3").replace("jump", "branch"),
    ),
)
"""The released library's dequeue of four codes, stored byte by byte: 31 instructions."""

CM_DEQUEUE_WORD = LoopBody(
    name="cm_dequeue_word",
    text=lines("cm_dequeue  word <-", "store_post  <- word p   @codes", tail("p")),
)
"""Dequeue of four codes stored as one word."""
