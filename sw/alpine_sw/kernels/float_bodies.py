# SPDX-License-Identifier: Apache-2.0
"""Loop bodies of the floating-point kernels, as compiled for the reference runs.

For the packet functions (exponential, sigmoid, tanh, logistic) the reference gives the number of
instructions per four elements. Their time is that of their longest chain of dependent operations,
which follows from the approximation: clamping, range reduction, a polynomial, scaling, and for the
rational forms a division.
"""

from .bodies import body, chain, lines, numbered, tail

__all__: list[str] = []


def interleaved(depth: int, others: int) -> str:
    """Put independent operations between those of a chain, as a scheduler does."""
    parts: list[str] = []
    placed = 0
    for step in range(depth):
        parts.append("fp v <- v")
        while placed * depth < others * (step + 1):
            parts.append("fp t <- constant")
            placed += 1
    return lines(*parts)


def packet(name: str, instructions: int, depth: int) -> None:
    """Define a packet function of so many instructions, `depth` of them in one chain."""
    others = instructions - 5 - depth
    body(
        name,
        "load v <- p             @inputs",
        interleaved(depth, others),
        "store16 <- v q          @outputs",
        "alu p <- p",
        tail("p"),
    )


packet("exp_eigen", 41, 17)
packet("exp_shifted", 42, 18)  # exp(x - m)
packet("sigmoid_eigen", 44, 20)
packet("tanh_eigen", 31, 16)
packet("logistic_eigen", 34, 14)

# Eigen's reductions take two packets at a time into two accumulators.
for name in ("max", "sum"):
    body(
        f"softmax_{name}",
        "load_pair v w <- p      @inputs",
        "fp a <- a v",
        "fp b <- b w",
        "alu p <- p",
        tail("p"),
    )
body(
    "softmax_divide",
    "load v <- p             @inputs",
    "fp v <- v s",
    "store16 <- v p          @outputs",
    "alu p <- p",
    tail("p"),
)
body(
    "i8f32_vec",
    "load_post q <- p        @codes",
    "fp a <- q",
    "fp b <- q",
    "fp a0 <- a",
    "fp a1 <- a",
    "fp b0 <- b",
    "fp b1 <- b",
    numbered("fp a% <- a%", 2),
    numbered("fp b% <- b%", 2),
    numbered("fp a% <- a% scale", 2),
    numbered("fp b% <- b% scale", 2),
    "store_pair <- a0 a1 d   @values",
    "store_pair <- b0 b1 d   @values+32",
    "alu d <- d",
    tail("d"),
)
body(
    "i32f32_vec",
    "load v <- p             @sums",
    "fp v <- v",
    "fp v <- v scale",
    "store16 <- v p          @values",
    "alu p <- p",
    tail("p"),
)
body(
    "i8f32_scalar",
    "load b <- p             @codes",
    "fp v <- b",
    "fp v <- v scale",
    "store <- v d            @values",
    "alu p <- p",
    tail("p"),
)
body(
    "f32i8_vec",
    "load_pair v0 v1 <- p    @values",
    "load_pair v2 v3 <- p    @values+32",
    "alu p <- p",
    numbered("fp v% <- v% scale", 4),
    numbered("fp v% <- v%", 4),
    "fp h0 <- v0",
    "fp h1 <- v2",
    "fp h0 <- v1 h0",
    "fp h1 <- v3 h1",
    "fp b <- h0",
    "fp b <- h1 b",
    "store16_post <- b d     @codes",
    tail("d"),
)
body(
    "f32i8_scalar",
    "load v <- p             @values",
    "fp v <- v scale",
    "fp b <- v",
    "store <- b d            @codes",
    "alu p <- p",
    tail("p"),
)
CELL = lines(
    "load f <- p             @forget",
    "load c <- p             @cell",
    "load i <- p             @input",
    "load a <- p             @activation",
    "fp c <- f c",
    "fp c <- i a c",
    "{store} <- c p          @cell",
    "alu p <- p",
    tail("p"),
)
body("cell_vec", CELL.format(store="store16"))
body("cell_scalar", CELL.format(store="store"))
for operation in ("add", "multiply"):
    body(
        f"vector_{operation}",
        "load a <- p             @left",
        "load b <- p             @right",
        "fp a <- a b",
        "store16 <- a p          @outputs",
        "alu p <- p",
        tail("p"),
    )
body(
    "lrn",
    "load v <- p             @inputs",
    "load s <- p             @squares",
    "fp s <- s",
    "fp s <- s v",
    chain("s", 14),
    "fp v <- v s",
    "store16 <- v p          @outputs",
    "alu p <- p",
    tail("p"),
)

QUEUE_F32 = lines(
    "alu flags <- i",
    "alu phase <- i",
    "alu flags <- phase flags",
    "skip <- flags",
    "load v <- p i           @values+$",
    "alu shift <- phase",
    "alu i <- i",
    "fp v <- v scale",
    "fp v <- v full",
    "fp v <- v",
    "fp b <- v",
)
body(
    "cm_queue_f32",
    numbered(
        lines(
            QUEUE_F32,
            "alu b <- b shift",
            "alu word <- word b",
            "alu flags <- i",
            "jump <- flags",
        ),
        3,
        step=4,
    ),
    QUEUE_F32.replace("$", "12").replace("alu shift <- phase\n", ""),
    "alu operand <- word b",
    "cm_queue <- operand",
    "alu flags <- i",
    "branch <- flags",
)
DEQUEUE_F32 = lines(
    "fp v <- byte",
    "alu word <- word",
    "fp v <- v scale",
    "fp v <- v full",
    "store <- v p            @values+$",
    "alu i <- i",
    "alu flags <- i",
)
body(
    "cm_dequeue_f32",
    "alu flags <- i",
    "jump <- flags",
    "cm_dequeue result <-",
    "alu word <- result",
    "alu byte <- word",
    "jump <-",
    DEQUEUE_F32.replace("$", "0"),
    "jump <- flags",
    numbered(
        lines("alu byte <- word", "alu flags <- i", "skip <- flags", DEQUEUE_F32, "jump <- flags"),
        2,
        step=4,
    )
    .replace("@values+4", "@values+8")
    .replace("@values+0", "@values+4"),
    "alu byte <- word",
    "alu flags <- i",
    "skip <- flags",
    DEQUEUE_F32.replace("$", "12"),
    "branch <- flags",
)
