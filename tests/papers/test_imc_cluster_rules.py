# SPDX-License-Identifier: Apache-2.0
"""Rules of the IMC cluster against the 63 printed rows and the printed totals."""

import pytest

from alpine_models.imc_cluster import Execution
from alpine_papers.garofalo2022 import rules
from alpine_papers.garofalo2022.layers import (
    LayerKind,
    PublishedLayer,
    energy_total_j,
    published_layers,
    time_total_s,
)

LAYERS = published_layers()


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: f"{layer.row}-{layer.name}")
def test_latencies_within_print_rounding(layer: PublishedLayer):
    assert abs(layer.rule_seconds * 1e3 - layer.printed_ms) <= 0.005


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: f"{layer.row}-{layer.name}")
def test_operations_within_print_rounding(layer: PublishedLayer):
    assert abs(layer.macs / 1e6 - layer.printed_mmac) <= 0.005


@pytest.mark.parametrize("layer", LAYERS[1:], ids=lambda layer: f"{layer.row}-{layer.name}")
def test_efficiencies(layer: PublishedLayer):
    """They are printed to a tenth; the fit of a job's energy is 0.018 % off at most (facts)."""
    found = layer.macs / layer.rule_energy_j() / 1e9
    assert found == pytest.approx(layer.printed_gmac_per_s_per_w, rel=0.0003, abs=0.05)


def test_the_first_row_fits_three_word_lines():
    first = LAYERS[0]
    printed = first.macs / first.printed_gmac_per_s_per_w / 1e9
    assert first.rule_energy_j(rows=3) == pytest.approx(printed, rel=0.0003)
    assert first.rule_energy_j() == pytest.approx(printed * 1.169, rel=0.001)


def test_rows_and_jobs():
    kinds = [layer.kind for layer in LAYERS]
    assert len(LAYERS) == 63
    assert (kinds.count(LayerKind.DEPTHWISE), kinds.count(LayerKind.RESIDUAL)) == (17, 10)
    for layer in LAYERS:
        tiles = -(-layer.rows // 256) * -(-layer.columns // 256)
        assert layer.jobs == tiles * layer.pixels * (layer.kind is LayerKind.CROSSBAR)
    assert sum(layer.parameters for layer in LAYERS) == 2_190_784


def test_totals():
    """The table's last line prints 10.06 ms; the text says 482 uJ."""
    assert abs(time_total_s() - 10.06e-3) <= 0.005e-3
    assert abs(energy_total_j() - 482.3e-6) <= 0.5e-6
    assert energy_total_j(first_row_lines=27) == pytest.approx(489.6e-6, abs=0.05e-6)


@pytest.mark.parametrize(
    ("port_bytes", "frequency_hz", "cycles"),
    [(16, 250e6, 34), (16, 500e6, 65), (8, 500e6, 66), (32, 250e6, 33)],
)
def test_period_of_a_job(port_bytes: int, frequency_hz: float, cycles: int):
    """Facts: 130 ns are 65 cycles at 500 MHz and 32.5 at 250 MHz; 256 lines are 256 / B + 1."""
    found = rules.job_period_cycles(
        rows=256, columns=256, port_bytes=port_bytes, frequency_hz=frequency_hz
    )
    assert found == cycles


def test_sequential_jobs_add_their_stages():
    found = rules.job_period_cycles(rows=256, columns=256, execution=Execution.SEQUENTIAL)
    assert found == 17 + 65 + 17


def test_peak_at_250_mhz():
    cycles = rules.job_period_cycles(rows=256, columns=256, frequency_hz=250e6)
    assert 945 <= 2 * 256 * 256 / cycles * 0.25 <= 964


@pytest.mark.parametrize(("side", "rate"), [(112, 35.3), (56, 34.6), (28, 33.2), (14, 30.7)])
def test_depthwise_nest(side: int, rate: float):
    """Rates of the facts, 9 taps of 16 channels per output pixel."""
    cycles = rules.depthwise_nest_cycles(height=side, width=side, channels=32)
    assert 9 * 32 * side * side / cycles == pytest.approx(rate, abs=0.05)
