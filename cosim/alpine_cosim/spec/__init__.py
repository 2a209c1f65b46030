# SPDX-License-Identifier: Apache-2.0
"""What a run is, as one frozen object: network, mapping, system, engine, device, data, seed."""
