# SPDX-License-Identifier: Apache-2.0
"""A job context of the in-memory accelerator: its registers, its loops, and what is refused."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.hwpe_registers import IMA_REGISTERS, context_registers
from alpine_models.imc_cluster import (
    MAX_PRODUCT_CYCLES,
    MIN_PRODUCT_CYCLES,
    ClusterError,
    ImcConfig,
)
from alpine_models.register_map import REGISTER_BITS
from alpine_rtl.typed import Component, Record, RecordLayout, any_of

from .addresses import LOOP_NEST, RUN_BITS
from .control import ERROR_BITS

__all__ = ["IMA_CONTEXT", "ImaCheck", "ImaContext", "destination_loops", "source_loops"]


class ImaContext(Record):
    """The registers of one context."""

    crossbar: Value
    row: Value
    column: Value
    rows: Value
    columns: Value
    source: Value
    run_bytes: Value
    runs: Value
    run_stride: Value
    jobs_x: Value
    source_stride_x: Value
    jobs_y: Value
    source_stride_y: Value
    destination: Value
    destination_stride_x: Value
    destination_stride_y: Value


IMA_CONTEXT = RecordLayout(
    ImaContext,
    {register.name: REGISTER_BITS for register in context_registers(IMA_REGISTERS)},
)


def source_loops(context: ImaContext) -> Value:
    """Return the loops over what a context reads."""
    return LOOP_NEST.pack(
        base=context.source,
        run_bytes=context.run_bytes[:RUN_BITS],
        length1=context.runs,
        stride1=context.run_stride,
        length2=context.jobs_x,
        stride2=context.source_stride_x,
        length3=context.jobs_y,
        stride3=context.source_stride_y,
    )


def destination_loops(context: ImaContext) -> Value:
    """Return the loops over what a context writes."""
    return LOOP_NEST.pack(
        base=context.destination,
        run_bytes=context.columns[:RUN_BITS],
        length1=1,
        stride1=0,
        length2=context.jobs_x,
        stride2=context.destination_stride_x,
        length3=context.jobs_y,
        stride3=context.destination_stride_y,
    )


class ImaCheck(Component):
    """Say which error a context is; combinational.

    Parameters
    ----------
    config : ImcConfig
        Geometry.

    Members
    -------
    context : In(ImaContext), product_cycles : In(32)
        What to check.
    refusal : Out(8)
        The lowest `ClusterError` that applies, or 0.
    """

    context: ImaContext
    product_cycles: Signal
    refusal: Signal

    def __init__(self, *, config: ImcConfig):
        self.config = config
        super().__init__(
            {
                "context": In(IMA_CONTEXT),
                "product_cycles": In(REGISTER_BITS),
                "refusal": Out(ERROR_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, context = self.config, self.context
        outside = any_of(
            [
                context.crossbar >= config.crossbars,
                context.row + context.rows > config.rows,
                context.column + context.columns > config.columns,
            ]
        )
        lengths = [context.rows, context.columns, context.run_bytes, context.runs]
        empty = any_of(length == 0 for length in [*lengths, context.jobs_x, context.jobs_y])
        product = self.product_cycles
        bad_product = (product < MIN_PRODUCT_CYCLES) | (product > MAX_PRODUCT_CYCLES)
        # A window within the crossbar has no more rows than that, hence no more runs or bytes.
        width = config.rows.bit_length()
        too_many = any_of(count > config.rows for count in (context.runs, context.run_bytes))
        bytes_read = Signal(2 * width)
        m.d.comb += [
            bytes_read.eq(context.runs[:width] * context.run_bytes[:width]),
            self.refusal.eq(
                Mux(
                    outside,
                    ClusterError.WINDOW,
                    Mux(
                        empty | bad_product,
                        ClusterError.SIZE,
                        Mux(too_many | (bytes_read != context.rows), ClusterError.ROWS, 0),
                    ),
                )
            ),
        ]
        return m
