# SPDX-License-Identifier: Apache-2.0
"""Compares the platform with the reference runs, fits one constant per loop body, writes the page.

Run it with ``python -m alpine_sw.calibrate``.
"""
