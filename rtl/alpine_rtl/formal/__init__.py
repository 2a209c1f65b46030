# SPDX-License-Identifier: Apache-2.0
"""Properties of the tile: proved by a solver, and watched by the same circuits in simulation."""
