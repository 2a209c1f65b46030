# SPDX-License-Identifier: Apache-2.0
"""Tiles and memory-mapped accelerators: their ports and their timed models."""
