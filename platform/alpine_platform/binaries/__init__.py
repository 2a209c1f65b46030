# SPDX-License-Identifier: Apache-2.0
"""Cores that execute compiled programs instruction by instruction."""
