"""The peripheral port's cocotb engine: the platform runs inside a simulation of the accelerator."""

from collections.abc import Sequence

from cocotb.task import resume

from alpine_models.device import AnalogCrossbar
from alpine_models.errors import AlpineError
from alpine_models.registers import accelerator_bytes
from alpine_models.tile import TileConfig
from alpine_platform.peripheral_port import IoBatch, IoResult, IoTimes, check_accesses

from ..crossbar import NativeCrossbar
from .axi import AxiLiteDriver
from .clock import TileClock
from .drivers import CrossbarResponder

__all__ = ["CocotbAccelerator"]


class CocotbAccelerator:
    """The accelerator in the running simulation, with its crossbars.

    Members
    -------
    configs : the tiles.
    crossbars : NativeCrossbar, one per tile.
    """

    def __init__(
        self,
        *,
        configs: Sequence[TileConfig],
        clock: TileClock,
        driver: AxiLiteDriver,
        responders: Sequence[CrossbarResponder],
        crossbars: Sequence[NativeCrossbar],
    ):
        self.configs = tuple(configs)
        self.crossbars = tuple(crossbars)
        self._clock, self._driver, self._responders = clock, driver, tuple(responders)

    @property
    def size_bytes(self) -> int:
        """Addresses that it answers to."""
        return accelerator_bytes(len(self.configs))

    @property
    def products(self) -> list[int]:
        """Matrix-vector products that each tile has finished: all that it has begun, at rest."""
        return [responder.products for responder in self._responders]

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles simulated since reset: all of them."""
        return self._clock.edge

    def install(self, tile: int, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        self.crossbars[tile].install(analog)

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`. For the function's thread only.

        Raises
        ------
        AlpineError
            The RTL did not answer, answered unasked, or broke the contract of its analog boundary.
        """
        check_accesses(batch, size_bytes=self.size_bytes)
        result = IoResult.empty(len(batch))
        resume(self._driver.run)(
            batch, result, start_fs=start_fs, core_period_fs=core_period_fs, times=times
        )
        faults = [responder.fault for responder in self._responders if responder.fault]
        if faults:
            raise AlpineError(faults[0])
        return result
