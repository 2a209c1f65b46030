# SPDX-License-Identifier: Apache-2.0
"""Verilated tiles and accelerators behind the platform's ports."""
