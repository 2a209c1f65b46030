# SPDX-License-Identifier: Apache-2.0
"""The accelerators of the IMC cluster, as hardware processing engines on a shared memory."""
