# SPDX-License-Identifier: Apache-2.0
"""What every port tells of a batch: when each of its requests was made, taken and answered."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

__all__ = ["BatchResult"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchResult:
    """When a batch's requests went where; all arrays have one element per request.

    Members
    -------
    issue_fs : int64 array, when the core put the request on the port.
    accept_cycle, complete_cycle : int64 arrays, number of the clock edge of what is behind the port
        at which the request and the response were transferred.
    response_fs : int64 array, when the response reached the core, which could then go on.
    """

    ELEMENTS: ClassVar[Mapping[str, Any]] = {}
    """Types of a subclass's own arrays by name."""

    issue_fs: npt.NDArray[np.int64]
    accept_cycle: npt.NDArray[np.int64]
    complete_cycle: npt.NDArray[np.int64]
    response_fs: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, length: int) -> Self:
        """Return zeroed arrays for what is behind the port to fill."""
        elements = {item.name: cls.ELEMENTS.get(item.name, np.int64) for item in fields(cls)}
        arrays: dict[str, Any] = {name: np.zeros(length, each) for name, each in elements.items()}
        return cls(**arrays)
