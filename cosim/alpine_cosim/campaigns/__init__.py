# SPDX-License-Identifier: Apache-2.0
"""Many runs: fault campaigns and studies over chips."""
