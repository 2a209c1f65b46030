# SPDX-License-Identifier: Apache-2.0
"""From a graph and a mapping to programs, one generator per core."""
