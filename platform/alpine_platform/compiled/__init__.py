# SPDX-License-Identifier: Apache-2.0
"""How compiled models are compiled, and the arrays that they share."""
