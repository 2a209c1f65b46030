# SPDX-License-Identifier: Apache-2.0
"""Properties of the blocks that the IMC cluster's accelerators and memory are made of."""
