# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The banks: all of an access or none, in turn, and what was written is read."""

from pysim import pins, simulate
from tcdm_bench import MASTERS, WORDS, TcdmBench

from alpine_rtl.cluster.tcdm import Tcdm


def test_random_requests():
    dut = Tcdm(masters=MASTERS, words=WORDS)
    io = vars(pins(dut))
    bench = TcdmBench(1)

    async def testbench(ctx):
        for _ in range(300):
            bench.drive(lambda name, value: ctx.set(io[name], value))
            bench.check(lambda name: ctx.get(io[name]))
            await ctx.tick()
        assert 1 <= bench.most < len(MASTERS), "nobody waits longer than there are others"
        assert bench.read

    simulate(dut, testbench)
