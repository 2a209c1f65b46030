# SPDX-License-Identifier: Apache-2.0
"""One run behind any port: set the tiles up, run the inferences, measure."""
