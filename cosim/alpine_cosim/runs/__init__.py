# SPDX-License-Identifier: Apache-2.0
"""Runs, from names that a person types to a result."""
