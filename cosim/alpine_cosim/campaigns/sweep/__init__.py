# SPDX-License-Identifier: Apache-2.0
"""Sweeps: many runs from one file, kept in a folder, and what they show."""
