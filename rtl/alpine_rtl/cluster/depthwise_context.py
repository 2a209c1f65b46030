# SPDX-License-Identifier: Apache-2.0
"""A context of the depthwise engine: its registers, and what is refused."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, context_registers
from alpine_models.imc_cluster import CHANNELS_PER_BLOCK, ClusterError
from alpine_rtl.typed import Component, Record, RecordLayout, any_of

from .control import ERROR_BITS

__all__ = ["DEPTHWISE_CONTEXT", "SIZE_BITS", "DepthwiseCheck", "DepthwiseContext", "outputs"]

SIZE_BITS = 16
"""Width of a map's height and width."""


class DepthwiseContext(Record):
    """The registers of one context, field by field."""

    source: Value
    destination: Value
    weights: Value
    height: Value
    width: Value
    channels: Value
    mode_stride: Value
    mode_top: Value
    mode_bottom: Value
    mode_left: Value
    mode_right: Value
    activation_shift: Value
    activation_relu: Value
    pitch: Value


DEPTHWISE_CONTEXT = RecordLayout(
    DepthwiseContext,
    {
        register.signal_name(field): field.width
        for register in context_registers(DEPTHWISE_REGISTERS)
        for field in register.fields
    },
)


def outputs(size: Value, before: Value, after: Value, stride: Value) -> Value:
    """Return how many outputs a filter of three has along a side, padding included."""
    places = (size + before + after - 3)[: SIZE_BITS + 1]
    return Mux(stride == 2, places[1:], places) + 1


class DepthwiseCheck(Component):
    """Say which error a context is; combinational.

    Members
    -------
    context : In(DepthwiseContext)
        What to check.
    refusal : Out(8)
        The lowest `ClusterError` that applies, or 0.
    """

    context: DepthwiseContext
    refusal: Signal

    def __init__(self) -> None:
        super().__init__({"context": In(DEPTHWISE_CONTEXT), "refusal": Out(ERROR_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        context = self.context
        wrong = [(context.mode_stride != 1) & (context.mode_stride != 2)]
        for size, before, after in (
            (context.height, context.mode_top, context.mode_bottom),
            (context.width, context.mode_left, context.mode_right),
        ):
            wrong += [size == 0, size >> SIZE_BITS != 0, size + before + after < 3]
        channels = context.channels
        bad_channels = (channels == 0) | (channels % CHANNELS_PER_BLOCK != 0)
        m.d.comb += self.refusal.eq(
            Mux(any_of(wrong), ClusterError.SIZE, Mux(bad_channels, ClusterError.CHANNELS, 0))
        )
        return m
