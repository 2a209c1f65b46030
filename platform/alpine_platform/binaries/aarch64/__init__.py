# SPDX-License-Identifier: Apache-2.0
"""AArch64 programs under Linux: executed in a process of their own, and timed."""
