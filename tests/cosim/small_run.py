# SPDX-License-Identifier: Apache-2.0
"""The command line with a small perceptron in the place of network mlp."""

from small_perceptron import small_perceptron_is_mlp

from alpine_cosim.cli import main

with small_perceptron_is_mlp():
    main()
