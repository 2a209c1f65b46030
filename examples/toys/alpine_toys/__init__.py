# SPDX-License-Identifier: Apache-2.0
"""One of everything that a package can add to ALPINE co-simulation."""
