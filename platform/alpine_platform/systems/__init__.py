# SPDX-License-Identifier: Apache-2.0
"""Systems: cores, tiles, memory and synchronisation composed, and what a run measured."""
