# SPDX-License-Identifier: Apache-2.0
"""Loop bodies of the integer and CM kernels, as compiled for the reference runs.

The instruction mixes are those of the reference data's README (gcc 12.2 -O3, Eigen 3.4, AArch64);
where it gives a mix without an order, the order is the compilers' usual one: loads first, the
pointer update among them, the comparison before the branch. Bodies of the products are in
`product_bodies`, those of the floating-point kernels
are in `float_bodies`.
"""

from alpine_platform.cores.loop_body import LoopBody

from .calibration import extra_cycles

__all__ = ["BODIES", "body", "chain", "lines", "numbered", "tail"]

BODIES: dict[str, LoopBody] = {}
"""Every loop body by name, with the constants that calibration found."""


def lines(*texts: str) -> str:
    """Join pieces of a body."""
    return "\n".join(texts)


def numbered(text: str, count: int, *, step: int = 1) -> str:
    """Repeat a piece of a body with `%` replaced by 0, 1, ... and `$` by 0, step, ..."""
    return "\n".join(
        text.replace("%", str(index)).replace("$", str(index * step)) for index in range(count)
    )


def chain(register: str, count: int) -> str:
    """Floating-point operations each of which needs the one before."""
    return "\n".join([f"fp {register} <- {register}"] * count)


def tail(register: str) -> str:
    """Comparison and closing branch on a register."""
    return f"alu flags <- {register}\nbranch <- flags"


def body(name: str, *texts: str) -> LoopBody:
    """Define a body and enter it into `BODIES`, with its calibration constant."""
    BODIES[name] = LoopBody(name=name, text=lines(*texts), extra_cycles=extra_cycles(name))
    return BODIES[name]


COPY = body(
    "memory_copy",
    "store_pair <- a b d     @destination",
    "load_pair a b <- s      @source",
    "store_pair <- c e d     @destination+32",
    "load_pair c e <- s      @source+32",
    "alu s <- s",
    "alu d <- d",
    "alu n <- n",
    "branch <- n",
)
"""glibc's memory copy: 64 bytes, 8 instructions, 20 operations."""

COPY_BYTES = body(
    "copy_bytes", "load b <- s @source", "store <- b d @destination", "alu s <- s", tail("s")
)
"""Copy of one byte."""

READ = body("read", numbered("load q% <- p @source+$", 8, step=16), "alu p <- p", tail("p"))
"""Reading 128 bytes."""

WRITE = body(
    "write", numbered("store16 <- q p @destination+$", 8, step=16), "alu p <- p", tail("p")
)
"""Writing 128 bytes."""

RELU8 = body(
    "relu8_neon",
    "load q <- p             @codes",
    "fp q <- q zero",
    "store16_post <- q p     @codes",
    tail("p"),
)
"""ReLU of 16 int8 in place."""

RELU8_SCALAR = body(
    "relu8_scalar",
    "load a <- p             @codes",
    "load b <- p             @codes",
    "alu flags <- a",
    "alu c <- b flags",
    "store_post <- c p       @codes",
    tail("p"),
)
"""ReLU of one int8 in place."""

REQUANTISE = body(
    "requantise_relu",
    numbered("load q% <- p          @sums+$", 4, step=16),
    numbered("fp q% <- q% shift", 4),
    "fp h <- q0 q1",
    "fp h <- q2 q3 h",
    "fp h <- h zero",
    "store16_post <- h d     @codes",
    "alu p <- p",
    tail("d"),
)
"""16 sums of int32 to int8 with ReLU: 15 instructions."""

QUEUE_BYTE = lines(
    "alu flags <- i",
    "alu phase <- i",
    "alu flags <- phase flags",
    "skip <- flags",
    "load byte <- p i        @codes+%",
    "alu shift <- byte",
    "alu i <- i",
    "alu shift <- shift phase",
    "alu word <- word shift",
    "alu flags <- i",
    "jump <- flags",
)

CM_QUEUE_BYTES = body(
    "cm_queue_aimclib",
    numbered(QUEUE_BYTE, 3),
    "alu flags <- i",
    "alu phase <- i",
    "alu flags <- phase flags",
    "skip <- flags",
    "load byte <- p i        @codes+3",
    "alu operand <- word byte",
    "cm_queue <- operand",
    "alu i <- i",
    tail("i"),
)
"""The released library's queue of four codes, assembled byte by byte: 43 instructions."""

CM_QUEUE_WORD = body(
    "cm_queue_word", "load_post word <- p     @codes", "cm_queue <- word", tail("p")
)
"""Queue of four codes loaded as one word."""

DEQUEUE_BYTE = lines(
    "store <- word p i       @codes+%",
    "alu i <- i",
    "alu word <- word",
    "alu flags <- i",
)

CM_DEQUEUE_BYTES = body(
    "cm_dequeue_aimclib",
    "alu flags <- i",
    "jump <- flags",
    "cm_dequeue result <-",
    "alu word <- result",
    DEQUEUE_BYTE.replace("%", "0"),
    "jump <- flags",
    numbered(lines("alu flags <- i", "skip <- flags", DEQUEUE_BYTE, "jump <- flags"), 4)
    .split("\n", 7)[7]
    .rsplit("\n", 1)[0],
    "branch <- flags",
)
"""The released library's dequeue of four codes, stored byte by byte: 30 instructions; once in four
bytes a branch leads to the dequeue."""

CM_DEQUEUE_WORD = body(
    "cm_dequeue_word", "cm_dequeue word <-", "store_post <- word p    @codes", tail("p")
)
"""Dequeue of four codes stored as one word."""

POOL_SCALAR = body(
    "pool_scalar",
    "load a <- p             @taps",
    "alu t <- a",
    "load b <- p             @taps",
    "alu p <- p",
    "alu flags <- t best",
    "alu u <- b",
    "alu best <- u flags",
    "alu best <- best",
    tail("p"),
)
"""One tap of scalar pooling: 10 instructions."""

POOL_SCALAR_END = body(
    "pool_scalar_end",
    "store <- best y         @outputs",
    numbered("alu e <- y\nalu f <- y", 10),
    "jump <-",
)
"""Between two outputs of scalar pooling."""


def pool_neon(taps: int) -> LoopBody:
    """Maximum over so many taps of 16 channels."""
    name = f"pool_neon_{taps}"
    if name not in BODIES:
        body(
            name,
            numbered("load q% <- p @taps%", taps),
            "fp best <- q0 q1",
            numbered("fp best <- best q%", taps).split("\n", 2)[2],
            "store16_post <- best y  @outputs",
            tail("y"),
        )
    return BODIES[name]


POOL_NEON_END = body("pool_neon_end", "alu p <- p", "alu flags <- p", "jump <- flags")
"""Between two output positions."""


pool_neon(4)
