# SPDX-License-Identifier: Apache-2.0
"""The published formulas of part E, written a second time for the tests, in plain numpy.

Shares nothing with the package but the formulas' source. Conductances are in units of g_max.
"""

import numpy as np

SETS = {
    # name: (g_max uS, t0 s, t_read s, programming coefficients uS)
    "pcm-like": (25.0, 20.0, 250e-9, (0.26348, 1.9650, -1.1731)),
    "hermes-1": (10.35, 200.0, 512e-9, (0.15781817, 2.32443916, -2.16310839, 0.68841818)),
    "hermes-2": (20.7, 300.0, 512e-9, (0.16603222, 4.71806468, -8.48101252, 4.68961419)),
}


def programming_sigma(name, g):
    g_max, _, _, polynomial = SETS[name]
    return np.polyval(polynomial[::-1], g) / g_max


def drift_mean(name, g):
    ln = np.log(np.maximum(g, 1e-7))
    if name == "pcm-like":
        return np.clip(-0.0155 * ln + 0.0244, 0.049, 0.1)
    low = np.clip(-0.0387 * ln - 0.0182, 0.0720, 0.13)
    return np.where(g < 0.0945, low, -0.0436 * g**2 - 0.0126 * g + 0.0736)


def drift_sigma(name, g):
    ln = np.log(np.maximum(g, 1e-7))
    if name == "pcm-like":
        return np.clip(-0.0125 * ln - 0.0059, 0.008, 0.045)
    if name == "hermes-1":
        low = np.clip(-0.0120 * ln - 0.0023, 0.0124, 0.04)
        return np.where(g < 0.3039, low, -0.0165 * g**2 + 0.0116 * g + 0.0104)
    low = np.clip(-0.0117 * ln - 0.0057, 0.0091, 0.04)
    return np.where(g < 0.3055, low, -0.0118 * g**2 + 0.0093 * g + 0.0073)


def read_q(name, g):
    if name == "pcm-like":
        return np.minimum(0.0088 / np.maximum(g**0.65, 1e-3), 0.2)
    ln = np.log(np.maximum(g, 1e-7))
    if name == "hermes-1":
        low = np.clip(-0.0078 * ln + 0.0038, 0.0179, 0.04)
        return np.where(g < 0.1591, low, 0.0664 * g**3 - 0.1352 * g**2 + 0.0768 * g + 0.0088)
    low = np.clip(-0.0117 * ln - 0.0069, 0.015, 0.04)
    return np.where(g < 0.16, low, 0.0069 * g**3 - 0.0280 * g**2 + 0.0211 * g + 0.0123)


def draw(name, target, times, samples, rng):
    """Return (programmed, {time: drifted}, {time: read}) samples of one device."""
    _, t0, t_read, _ = SETS[name]
    g = np.full(samples, float(target))
    programmed = np.maximum(g + programming_sigma(name, g) * rng.standard_normal(samples), 0.0)
    nu = np.abs(drift_mean(name, g) + drift_sigma(name, g) * rng.standard_normal(samples))
    drifted, read = {}, {}
    for time in times:
        t = time + t0
        drifted[time] = programmed * (t / t0) ** -nu
        sigma = read_q(name, programmed) * np.sqrt(np.log((t + t_read) / (2 * t_read)))
        read[time] = np.maximum(drifted[time] * (1 + sigma * rng.standard_normal(samples)), 0.0)
    return programmed, drifted, read
