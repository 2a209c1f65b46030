# SPDX-License-Identifier: Apache-2.0
"""The IMC cluster of Garofalo et al. (arXiv 2201.01089): its published rules and figures."""
