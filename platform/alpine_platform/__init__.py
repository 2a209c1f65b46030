# SPDX-License-Identifier: Apache-2.0
"""What has time: cores, memory system, synchronisation, tile port, systems and their energy."""
