# SPDX-License-Identifier: Apache-2.0
"""Cores: operations, loop bodies, and what they cost on an in-order pipeline."""
