# SPDX-License-Identifier: Apache-2.0
"""Loop bodies of the products, as compiled for the reference runs, and of what surrounds them.

Mixes and orders as in `bodies`; what lies between rows and columns follows the reference's counts.
"""

from .bodies import body, lines, numbered, tail

__all__: list[str] = []

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
    numbered("load_pair u% v% <- p    @weights+$", 4, step=32),
    "alu p <- p",
    "load_dup x <- i         @inputs",
    numbered("fp a% <- a% u% x\nfp b% <- b% v% x", 4),
    tail("p"),
)
"""One column by 128 rows, 8-bit accumulators: 16 instructions. Wraps as `MVM_EIGEN_I8ROW` does."""

MVM_EIGEN_BLOCK = body(
    "mvm_eigen_block",
    numbered(
        lines(
            "load_pair q0 q1 <- y  @outputs+$",
            "fp q0 <- a% q0",
            "fp q1 <- b% q1",
            "store_pair <- q0 q1 y @outputs+$",
        ),
        4,
        step=32,
    ),
    "alu y <- y",
    numbered("fp a% <-\nfp b% <-", 4),
    numbered("alu e% <- base", 12),
    "alu flags <- y",
    "branch <- flags",
)
"""End of a block of columns by eight packets of rows, start of the next: accumulators to the
outputs, then cleared. 39 instructions, by the counts of both column-major kernels, which leave 38
and 40 over per block and 75 and 60 per `MVM_EIGEN_COLUMNS`."""

MVM_EIGEN_COLUMNS = body(
    "mvm_eigen_columns",
    numbered("alu a% <- base\nalu flags <- a%\nskip <- flags", 22),
    "jump <-",
)
"""Next block of columns: tests for the rows that are left over at every packet width."""

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
    numbered("alu e <- e\nalu f <- f", 53),
    "jump <-",
)
"""Between two rows: 109 instructions, by the counts of both kernels, which leave 106 and 112."""

MVM_F32COL = body(
    "mvm_eigen_f32col",
    "mul k <- i stride",
    "alu p <- k",
    numbered("load_pair u% v% <- p    @weights+$", 4, step=32),
    "alu i <- i",
    "load x <- i             @inputs",
    numbered("fp a% <- a% u% x\nfp b% <- b% v% x", 4),
    tail("i"),
)
"""One column by 32 rows of fp32 weights: 18 instructions."""

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

MVM_EIGEN_CASTCOL_COLUMN = body(
    "mvm_eigen_castcol_column",
    "load_dup x <- i         @inputs",
    numbered("alu e <- i\nalu f <- i", 12),
    "jump <-",
)
"""Between two columns: about 26 instructions by the reference's counts."""
