# SPDX-License-Identifier: Apache-2.0
"""The second simulator front end: tiles under cocotb, as an engine and for testbenches."""
