# SPDX-License-Identifier: Apache-2.0
"""Amaranth hardware of the analog in-memory computing tile, and the Verilog made from it."""
