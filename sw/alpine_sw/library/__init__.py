# SPDX-License-Identifier: Apache-2.0
"""AIMClib and what programs share: buffers between cores, contents of tiles, drivers."""
