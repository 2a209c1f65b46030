# SPDX-License-Identifier: Apache-2.0
"""Address space, caches, bus and DRAM."""
