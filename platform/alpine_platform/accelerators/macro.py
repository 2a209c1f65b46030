# SPDX-License-Identifier: Apache-2.0
"""The analog macro: cells between converters, whatever piece of hardware stands around it."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from alpine_models.crossbar import IdealCrossbar
from alpine_models.device import AnalogCrossbar

__all__ = ["Macro", "TimedMacro"]


class Macro(Protocol):
    """The analog part of a tile or of an accelerator, as a run sets it up.

    Cells and steps are the back door past the hardware's own commands: what stands in them counts
    from the next product on.
    """

    @property
    def rows(self) -> int:
        """Word lines."""
        ...

    @property
    def columns(self) -> int:
        """Bit lines."""
        ...

    @property
    def weights(self) -> npt.NDArray[np.int8]:
        """Live cells, [columns, rows]; unprogrammed ones hold 0."""
        ...

    @property
    def lsb(self) -> npt.NDArray[np.float64]:
        """Live size of one ADC code per bit line, [columns]; set from float32 values."""
        ...

    def install(self, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        ...


class TimedMacro:
    """The macro of timed hardware, whose compiled code makes the ideal products itself.

    Parameters
    ----------
    ideal : cells and steps.

    Members
    -------
    read_back : int8 array, [columns, rows], what a read of a cell finds.
    """

    def __init__(self, ideal: IdealCrossbar):
        self._ideal = ideal
        self._analog: AnalogCrossbar | None = None
        self._products = 0
        self.read_back = ideal.weights

    @property
    def rows(self) -> int:
        """Word lines."""
        return self._ideal.rows

    @property
    def columns(self) -> int:
        """Bit lines."""
        return self._ideal.columns

    @property
    def weights(self) -> npt.NDArray[np.int8]:
        """Live cells, [columns, rows]."""
        return self._ideal.weights

    @property
    def lsb(self) -> npt.NDArray[np.float64]:
        """Live size of one ADC code per bit line, [columns]."""
        return self._ideal.lsb

    @property
    def analog(self) -> AnalogCrossbar | None:
        """What multiplies; None where products are exact, so that compiled code may make them."""
        return self._analog

    def install(self, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        self._analog = analog
        self._products = 0
        self.read_back = self._ideal.weights if analog is None else analog.read_back

    def multiply(self, dac_codes: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Return the ADC codes of the next product."""
        self._products += 1
        if self._analog is None:
            return self._ideal.multiply(dac_codes)
        return self._analog.multiply(dac_codes, product=self._products - 1)
