# SPDX-License-Identifier: Apache-2.0
"""The sub-commands of `alpine`, a module each; `alpine_cosim.cli` registers them."""
