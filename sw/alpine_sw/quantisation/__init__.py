# SPDX-License-Identifier: Apache-2.0
"""From float numbers to the whole numbers of tiles and programs."""
