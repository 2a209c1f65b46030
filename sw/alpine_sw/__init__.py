# SPDX-License-Identifier: Apache-2.0
"""What runs on the system: kernels, networks, quantisation, mapping."""
