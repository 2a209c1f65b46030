# SPDX-License-Identifier: Apache-2.0
"""Loop bodies of scalar activations: one call of the C library's function per element.

The reference data gives instructions and cycles per element, not the code. The bodies follow the
published algorithms (glibc's expf with its table of 32 powers of two; fdlibm's tanhf, which calls
expm1f) with the reference's number of instructions; their time is that of the algorithms' chain of
dependent operations and of their branches. Nothing was fitted. Constants are loaded from a line
that stays in the first-level cache.
"""

from .bodies import body, lines, numbered, tail

__all__: list[str] = []

EXPF = lines(
    "jump <-",  # call
    "fp top <- v",  # to an integer register
    "alu top <- top",
    "alu flags <- top",
    "skip <- flags",  # large or not finite
    "fp x <- v",  # to double
    "alu table <-",
    "alu table <- table",
    "load c <- table         @constants",
    "fp z <- x c",
    "fp k <- z",  # rounded, as a double
    "fp n <- z",  # rounded, as an integer
    "load c <- table         @constants+8",
    "load d <- table         @constants+16",
    "load e <- table         @constants+24",
    "fp r <- z k",
    "alu i <- n",
    "load s <- table i       @constants+32",  # 2^(i / 32)
    "alu s <- s n",
    "fp s <- s",
    "fp p <- c r d",
    "fp q <- e r",
    "fp r <- r r",
    "fp y <- p r q",
    "fp y <- y s",
    "fp v <- y",  # to float
    "jump <-",  # return
)
"""expf: 27 instructions."""

SPARE = lines(*["alu spare <- spare"] * 4)
COMPARE = lines("alu flags <- bits", "skip <- flags")
CONSTANT = lines("alu t <-", "load c% <- t @constants+$")

EXPM1F = lines(
    "jump <-",
    "fp bits <- w",
    "alu bits <- bits",
    COMPARE,
    COMPARE,
    COMPARE,
    # w = k ln 2 + r
    numbered(CONSTANT, 3, step=4),
    "fp half <-",
    "fp k <- w c0",
    "fp k <- k half",
    "fp n <- k",
    "fp k <- n",
    "fp high <- w k c1",
    "fp low <- k c2",
    "fp r <- high low",
    "fp rest <- high r",
    "fp rest <- rest low",
    # expm1(r) by a polynomial in r^2 / 2
    "fp g <- r half",
    "fp x <- r g",
    numbered(CONSTANT, 5, step=4),
    "fp one <-",
    "fp p <- x c0 c1",
    # Prologue, moves and masks that the reference's count leaves over, in the chain's shadow.
    numbered(lines("fp p <- p x c%", SPARE), 5).split("\n", 10)[10],
    "fp p <- p x one",
    "fp three <-",
    "fp u <- p g three",
    SPARE,
    "fp h <- p u",
    "fp six <-",
    SPARE,
    "fp g <- r u six",
    "fp g <- h g",
    "fp e <- x g",
    numbered("alu spare <- spare", 3),
    "alu flags <- n",
    "skip <- flags",
    "fp m <- e rest",
    "fp e <- r m rest",
    "fp e <- e x",
    # scaled by 2^k, by the range of k
    numbered(lines("alu flags <- n", "skip <- flags"), 4),
    "alu flags <- n",
    "jump <- flags",
    "fp y <- e r",
    "fp y <- one y",
    "fp b <- y",
    "alu m <- n",
    "alu b <- b m",
    "fp y <- b",
    "fp y <- y one",
    "jump <-",
)

ENTER = lines(
    "jump <-",
    "store <- lr sp          @constants",
    "store <- saved sp       @constants+8",
    "alu sp <- sp",
    "fp bits <- v",
    "alu bits <- bits",
)
LEAVE = lines(
    "load lr <- sp           @constants",
    "load saved <- sp        @constants+8",
    "alu sp <- sp",
    "jump <-",
)
TANHF = lines(
    ENTER,
    numbered(COMPARE, 4),
    "fp w <- v",
    "fp w <- w w",
    EXPM1F,
    "fp two <-",
    "fp y <- y two",
    "fp y <- two y",
    "fp one <-",
    "fp y <- one y",
    "alu flags <- bits",
    "jump <- flags",
    "fp v <- y",
    LEAVE,
)
TANHF_OF_ZERO = lines(ENTER, COMPARE, "alu flags <- bits", "jump <- flags", LEAVE)


def per_element(name: str, *inner: str) -> None:
    """Define a body that loads an element, applies a function and stores the result."""
    body(
        name,
        "load v <- p             @inputs",
        *inner,
        "store <- v q            @outputs",
        "alu p <- p",
        tail("p"),
    )


per_element("exp_libm", EXPF)
per_element("sigmoid_libm", "fp v <- v", EXPF, "fp v <- v one", "fp v <- v")
per_element("tanh_libm", TANHF)
per_element("tanh_libm_of_zero", TANHF_OF_ZERO)
body("exp_left_over", "load v <- p @inputs", "fp v <- v m", EXPF, "store <- v q @outputs")
per_element("exp_sum_libm", "fp v <- v m", EXPF, "fp sum <- sum v")
body("max_libm", "load v <- p            @inputs", "fp m <- m v", "alu p <- p", tail("p"))
body(
    "divide_libm",
    "load v <- p             @inputs",
    "fp v <- v sum",
    "store <- v p            @outputs",
    "alu p <- p",
    tail("p"),
)
