# SPDX-License-Identifier: Apache-2.0
"""Networks from model files: read, run in floating point, turned into graphs of whole numbers."""
