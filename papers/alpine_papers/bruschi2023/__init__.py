# SPDX-License-Identifier: Apache-2.0
"""Bruschi et al., DATE 2023: ResNet-18 on 512 clusters, run again."""
