# SPDX-License-Identifier: Apache-2.0
"""Shipped data sets, and the codes and symbols that networks take in."""
