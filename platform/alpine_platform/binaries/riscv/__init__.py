# SPDX-License-Identifier: Apache-2.0
"""RISC-V cores: the table of their instructions, and clusters that execute them in time."""
