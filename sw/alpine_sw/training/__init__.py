# SPDX-License-Identifier: Apache-2.0
"""Scripts that made the shipped weights; they need the extra `train`."""
