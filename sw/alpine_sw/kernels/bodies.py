"""Loop bodies of the integer and CM kernels, as compiled for the reference runs.

The instruction mixes are those of the reference data's README (gcc 12.2 -O3, Eigen 3.4, AArch64);
where it gives a mix without an order, the order is the compilers' usual one: loads first, the
pointer update among them, the comparison before the branch. Bodies of the floating-point kernels
are in `float_bodies`.
"""

from alpine_platform.loop_body import LoopBody

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

CLEAR = body(
    "clear",
    "store_pair <- z z d     @destination",
    "store_pair <- z z d     @destination+32",
    "alu d <- d",
    tail("d"),
)
"""glibc's memory set: 64 bytes."""

WIDEN = body(
    "widen_i8i32",
    "load_post q <- p        @codes",
    "fp a <- q",
    "fp b <- q",
    numbered("fp a% <- a", 2),
    numbered("fp b% <- b", 2),
    "store_pair <- a0 a1 d   @words",
    "store_pair <- b0 b1 d   @words+32",
    "alu d <- d",
    tail("d"),
)
"""16 int8 to int32: the integer half of `i8f32_vec`."""

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

MVM_NEON1 = body(
    "mvm_neon1",
    "load w <- p             @weights",
    "load x <- i             @inputs",
    "alu i <- i",
    "fp low <- w x",
    "fp high <- w x",
    "fp a <- a low",
    "fp b <- b high",
    tail("i"),
)
"""16 products of one row: smull, smull2 and two sadalp."""

MVM_NEON1_ROW = body(
    "mvm_neon1_row",
    "fp a <- a b",
    "fp a <- a",
    "store <- a y            @outputs",
    "alu y <- y",
    "alu p <- p",
    "alu flags <- y",
    "jump <- flags",
    "fp a <-",
    "fp b <-",
    "alu i <- base",
    "alu e <- base",
    "alu e <- e",
)
"""End of one row and start of the next: reduction, store, pointers, clearing."""

MVM_NEON4 = body(
    "mvm_neon4",
    "load x <- i             @inputs",
    numbered("load w% <- p i        @weights%", 4),
    "alu i <- i",
    numbered("fp low% <- w% x", 4),
    numbered("fp high% <- w% x", 4),
    numbered("fp a% <- a% low%", 4),
    numbered("fp a% <- a% high%", 4),
    tail("i"),
)
"""64 products of four rows that share the inputs: 24 instructions."""

MVM_NEON4_ROWS = body(
    "mvm_neon4_rows",
    numbered("fp a% <- a%", 4),
    numbered("store <- a% y         @outputs+$", 4, step=4),
    "alu y <- y",
    "alu p <- p",
    "alu flags <- y",
    "jump <- flags",
    numbered("fp a% <-", 4),
    "alu i <- base",
    numbered("alu p% <- p", 3),
)
"""End of four rows and start of the next four: 20 instructions."""

MVM_EIGEN_I8ROW = body(
    "mvm_eigen_i8row",
    "load x <- i             @inputs",
    numbered("load w% <- p i        @weights%", 8),
    "alu i <- i",
    numbered("fp a% <- a% w% x", 8),
    tail("i"),
)
"""8 rows by 16 columns, 8-bit accumulators: 20 instructions. The measured kernel wraps modulo 256;
ours returns exact int32 sums."""

MVM_EIGEN_I8ROW_ROWS = body(
    "mvm_eigen_i8row_rows",
    numbered("fp s% <- a%", 8),
    numbered("fp g% <- s%", 8),
    numbered(
        lines(
            "load o <- y           @outputs+$",
            "mul o <- g% alpha o",
            "store <- o y          @outputs+$",
            numbered("alu y <- y", 6),
            "alu flags <- y",
            "skip <- flags",
            numbered("alu e <- base", 5),
        ),
        8,
        step=4,
    ),
    "jump <-",
)
"""End of eight rows: reductions and updates of the outputs, about 145 instructions."""

MVM_EIGEN_I8COL = body(
    "mvm_eigen_i8col",
    "mul k <- i stride",
    "alu p <- k",
    numbered("load_pair u% v% <- p    @weights+$", 4, step=32),
    "alu i <- i",
    "load_dup x <- i         @inputs",
    numbered("fp a% <- a% u% x\nfp b% <- b% v% x", 4),
    tail("i"),
)
"""One column by 128 rows, 8-bit accumulators: 18 instructions
by the reference's counts, which hold an index multiplication. Wraps as `MVM_EIGEN_I8ROW` does."""

MVM_EIGEN_CASTCOL = body(
    "mvm_eigen_castcol",
    "load w <- p             @weights",
    "load_pair y0 y1 <- q    @outputs",
    "load_pair y2 y3 <- q    @outputs+32",
    "fp low <- w x",
    "fp high <- w x",
    "fp y0 <- y0 low",
    "fp y1 <- y1 low",
    "fp y2 <- y2 high",
    "fp y3 <- y3 high",
    "store_pair <- y0 y1 q   @outputs",
    "store_pair <- y2 y3 q   @outputs+32",
    "alu q <- q",
    tail("q"),
)
"""16 rows of one column, products added to int32 outputs in memory: 14 instructions."""

MVM_EIGEN_LAZYROW = body(
    "mvm_eigen_lazyrow",
    "load w <- p             @weights",
    "load_pair x0 x1 <- i    @inputs",
    "load x2 <- i            @inputs+32",
    "load x3 <- i            @inputs+48",
    "alu i <- i",
    "fp h0 <- w",
    "fp h1 <- w",
    "fp w0 <- h0",
    "fp w1 <- h0",
    "fp w2 <- h1",
    "fp w3 <- h1",
    "fp a <- a w0 x0",
    "fp a <- a w1 x1",
    "fp a <- a w2 x2",
    "fp a <- a w3 x3",
    tail("i"),
)
"""16 products of one row with inputs widened to int32 before: 17 instructions."""

MVM_EIGEN_LAZYROW_ROW = body(
    "mvm_eigen_lazyrow_row",
    "fp a <- a",
    "store <- a y            @outputs",
    numbered("alu e <- e\nalu f <- f", 50),
    "jump <-",
)
"""Between two rows: about 105 instructions by the reference's counts."""

MVM_F32COL = body(
    "mvm_eigen_f32col",
    "mul k <- i stride",
    "alu k <- k",
    "alu k <- k",
    "alu p <- k",
    numbered("load_pair u% v% <- p    @weights+$", 4, step=32),
    "alu i <- i",
    "load x <- i             @inputs",
    numbered("fp a% <- a% u% x\nfp b% <- b% v% x", 4),
    tail("i"),
)
"""One column by 32 rows of fp32 weights: 20 instructions by the reference's counts."""

MVM_SCALAR = body(
    "mvm_scalar",
    "load w <- p             @weights",
    "load x <- p             @inputs",
    "alu p <- p",
    "mul a <- w x a",
    tail("p"),
)
"""One product: 6 instructions."""

MVM_SCALAR_ROW = body(
    "mvm_scalar_row",
    "store <- a y            @outputs",
    numbered("alu e <- y", 4),
    "alu p <- base",
    "alu a <-",
    "alu y <- y",
    "alu flags <- y",
    "jump <- flags",
)
"""Between two rows."""

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
    "alu flags <- i",
    "skip <- flags",
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
    "jump <-",
    DEQUEUE_BYTE.split("\n", 2)[2].replace("%", "0"),
    "jump <- flags",
    DEQUEUE_BYTE.replace("%", "1"),
    "jump <- flags",
    DEQUEUE_BYTE.replace("%", "2"),
    "jump <- flags",
    DEQUEUE_BYTE.replace("%", "3"),
    "branch <- flags",
)
"""The released library's dequeue of four codes, stored byte by byte: 31 instructions."""

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
            "store16 <- best y       @outputs",
            "alu p <- p",
            tail("p"),
        )
    return BODIES[name]


MVM_EIGEN_CASTCOL_COLUMN = body(
    "mvm_eigen_castcol_column",
    "load_dup x <- i         @inputs",
    numbered("alu e <- i\nalu f <- i", 12),
    "jump <-",
)
"""Between two columns: about 26 instructions by the reference's counts."""

MVM_EIGEN_I8COL_ROWS = body(
    "mvm_eigen_i8col_rows",
    numbered(
        lines(
            "load q <- y           @outputs+$",
            "fp q <- a q",
            "store <- q y          @outputs+$",
            "alu y <- y",
        ),
        16,
        step=4,
    ),
    "alu e <- y",
    "alu flags <- e",
    "branch <- flags",
)
"""End of a block of columns: 16 sums added to the outputs."""


pool_neon(4)
