# SPDX-License-Identifier: Apache-2.0
"""What has no time: instruction set, geometry, crossbar arithmetic, golden references."""

__version__ = "0.1.0"
