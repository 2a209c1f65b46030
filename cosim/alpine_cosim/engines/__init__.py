# SPDX-License-Identifier: Apache-2.0
"""What stands behind the ports: verilated hardware, cocotb, timed models."""
