# SPDX-License-Identifier: Apache-2.0
"""AArch64 programs under Linux: executed for what they compute, without times."""
