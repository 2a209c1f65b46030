# SPDX-License-Identifier: Apache-2.0
"""From a network in floating point to a graph of codes: one rule per ONNX operator."""
