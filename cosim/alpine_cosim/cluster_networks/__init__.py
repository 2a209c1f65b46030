# SPDX-License-Identifier: Apache-2.0
"""Networks of packages that bring their own programs for a cluster, and what running one gives."""
