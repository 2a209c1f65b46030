# SPDX-License-Identifier: Apache-2.0
"""Fault injection: what a flipped register or a dead part of the array does to a run."""
