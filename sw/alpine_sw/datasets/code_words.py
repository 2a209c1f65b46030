# SPDX-License-Identifier: Apache-2.0
"""Error-correcting output codes: a class answered by many outputs, decided by the nearest word.

Dietterich and Bakiri, Solving Multiclass Learning Problems via Error-Correcting Output Codes, JAIR
2 (1995) 263-286.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["check_code_words", "exhaustive_code", "nearest_code_word"]

MAX_CLASSES = 16


def exhaustive_code(classes: int) -> NDArray[np.int8]:
    """Return the exhaustive code: one output for every way to split the classes in two.

    Output j is 1 for the classes k whose bit k of j is set. Ten classes make exactly 1024 outputs.
    Dietterich and Bakiri (Sec. 2.3.1) leave out complements and the two constant splits; here
    they stay, because behind a ReLU an output and its complement are the two signs of one answer.
    Every word has half of its elements set and two words differ in half of the elements, so less
    than a quarter of the outputs may flip without changing the decision.

    Parameters
    ----------
    classes : int
        1 to 16.

    Returns
    -------
    int8 [classes, 2**classes], elements 0 and 1.

    Raises
    ------
    ValueError
        `classes` is out of range.
    """
    if not 1 <= classes <= MAX_CLASSES:
        raise ValueError(f"classes must be 1 to {MAX_CLASSES}, not {classes!r}")
    outputs = np.arange(1 << classes)
    return (outputs >> np.arange(classes)[:, np.newaxis] & 1).astype(np.int8)


def check_code_words(code_words: NDArray[np.int8]) -> None:
    """Refuse words between which `nearest_code_word` could not decide.

    Parameters
    ----------
    code_words : int8 [classes, outputs]
        One word per class.

    Raises
    ------
    ValueError
        The words are not an int8 matrix of 0 and 1, or not all have the same number of ones.
    """
    if code_words.dtype != np.int8 or code_words.ndim != 2 or len(code_words) == 0:
        raise ValueError(
            f"code_words must be a matrix of int8, not {code_words.dtype} with the shape "
            f"{code_words.shape}"
        )
    if not np.all((code_words == 0) | (code_words == 1)):
        raise ValueError("code_words must hold 0 and 1 only")
    if len(set(code_words.sum(axis=1, dtype=np.int64).tolist())) != 1:
        raise ValueError("code_words must all have the same number of ones")


def nearest_code_word(
    outputs: NDArray[np.int8] | NDArray[np.float32], code_words: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Return for every output vector y the class k whose word c_k is nearest.

    "Nearest" is the Euclidean distance to A c_k, with 0 for a cleared and any amplitude A > 0 for
    a set element: |y - A c_k|^2 = |y|^2 - 2 A y.c_k + A^2 |c_k|^2. The words have equally many
    ones, so for every A the nearest word is the one with the largest y.c_k, the sum of the
    outputs it sets. Of equally near words the lowest class wins.

    Parameters
    ----------
    outputs : int8 or float32 [n, outputs]
        Values after ReLU.
    code_words : int8 [classes, outputs]
        As `check_code_words` accepts.

    Returns
    -------
    int64 [n], classes.
    """
    scores = outputs.astype(np.float64) @ code_words.T.astype(np.float64)
    return np.argmax(scores, axis=1).astype(np.int64)
