# SPDX-License-Identifier: Apache-2.0
"""The published networks as programs, one generator per core."""
