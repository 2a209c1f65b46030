# SPDX-License-Identifier: Apache-2.0
"""A depthwise layer as jobs on crossbars: some channels of a window in, the same channels out.

Of the cells of a job only the diagonals hold weights: 9 n rows and n columns for n channels. Its
word lines are three runs of three pixels, whose n channels have to lie side by side. So the DMA
takes the map to L2 and brings it back by blocks of channels, the next one beside the products of
the last.
"""

import numpy as np

from alpine_sw.riscv.command_list import ClusterUnit

from .bottleneck import Bottleneck
from .golden import Codes
from .rules import SIDE, WINDOW
from .workload import ClusterWorkload

__all__ = ["DepthwiseJobs", "depthwise_matrix"]

BUFFERS = 3
"""Blocks in the TCDM: one under way, one ready, one that comes."""


def depthwise_matrix(taps: Codes) -> Codes:
    """Return the cells [9 n, n] of a job for taps [9, n]."""
    return np.concatenate([np.diag(row) for row in taps])


class DepthwiseJobs:
    """One depthwise layer, one context for each block of channels.

    Parameters
    ----------
    work : its buffers and commands. shape : of the block; stride 1.
    channels : of a job. first_crossbar : of those that take its cells.

    Members
    -------
    crossbars : that its cells take, as many blocks to each as fit.
    """

    def __init__(
        self, work: ClusterWorkload, shape: Bottleneck, channels: int, first_crossbar: int
    ) -> None:
        self.work, self.shape = work, shape
        self.channels, self.rows = channels, WINDOW * channels
        self.first_crossbar = first_crossbar
        self.blocks = -(-shape.inner // channels)
        self.across = SIDE // channels
        self.crossbars = -(-self.blocks // (self.across * (SIDE // self.rows)))

    def program(self, taps: Codes, *, lsb: float) -> None:
        """Put the taps [9, inner channels] into cells."""
        padded = np.pad(taps, ((0, 0), (0, self.shape.pitch - self.shape.inner)))
        for number in range(self.blocks):
            crossbar, row, column = self._place(number)
            cells = self.work.weights.setdefault(crossbar, np.zeros((SIDE, SIDE), np.int64))
            start = number * self.channels
            cells[row : row + self.rows, column : column + self.channels] = depthwise_matrix(
                padded[:, start : start + self.channels]
            )
            self.work.lsb[crossbar] = lsb

    def add(self, source: int, target: int) -> None:
        """Write the commands, up to the last event.

        Parameters
        ----------
        source : address of the map with a border of zeros. target : of the output without one.
        """
        shape, commands = self.shape, self.work.commands
        pixels = (shape.height + 2) * (shape.width + 2)
        copy = self.work.room("copy of the inner map", pixels * shape.pitch, behind=True)
        places = [self.work.room("block", pixels * self.channels) for _ in range(BUFFERS)]
        commands.transfer(source=source, destination=copy, row_bytes=pixels * shape.pitch)

        def load(number: int) -> int:
            commands.transfer(
                source=copy + number * self.channels,
                destination=places[number % BUFFERS],
                row_bytes=self.channels,
                rows=pixels,
                source_stride=shape.pitch,
                destination_stride=self.channels,
            )
            return commands.started[ClusterUnit.DMA]

        before = commands.started[ClusterUnit.IMA]
        loaded = [load(0)]
        for number in range(self.blocks):
            if number >= BUFFERS - 1:
                # Then the place of the block before the last one is free, and so is a context.
                commands.wait(ClusterUnit.IMA, before + number - 1)
            if number + 1 < self.blocks:
                loaded.append(load(number + 1))
            commands.wait(ClusterUnit.DMA, loaded[number])
            commands.context(
                ClusterUnit.IMA,
                self._words(number, places[number % BUFFERS], target + number * self.channels),
            )
        commands.wait(ClusterUnit.IMA)

    def _place(self, number: int) -> tuple[int, int, int]:
        """Crossbar, first row and first column of a block's cells."""
        crossbar, rest = divmod(number, self.across * (SIDE // self.rows))
        down, across = divmod(rest, self.across)
        return self.first_crossbar + crossbar, down * self.rows, across * self.channels

    def _words(self, number: int, source: int, target: int) -> dict[str, int]:
        crossbar, row, column = self._place(number)
        line = (self.shape.width + 2) * self.channels
        return {
            "crossbar": crossbar, "row": row, "column": column, "rows": self.rows,
            "columns": self.channels, "source": source, "run_bytes": 3 * self.channels, "runs": 3,
            "run_stride": line, "jobs_x": self.shape.width, "source_stride_x": self.channels,
            "jobs_y": self.shape.height, "source_stride_y": line, "destination": target,
            "destination_stride_x": self.shape.pitch,
            "destination_stride_y": self.shape.width * self.shape.pitch,
        }  # fmt: skip
