# SPDX-License-Identifier: Apache-2.0
"""Published systems reproduced with the product, a room for each paper."""
