# SPDX-License-Identifier: Apache-2.0
"""Pages that are generated from the product."""
