# SPDX-License-Identifier: Apache-2.0
"""Clusters: scratch-pad memory in banks, DMA and event unit, cycle by cycle."""
