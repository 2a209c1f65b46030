# SPDX-License-Identifier: Apache-2.0
"""Runs of networks on many-cores: what is asked for, products as mapped, times, hardware."""
