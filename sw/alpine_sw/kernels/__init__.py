# SPDX-License-Identifier: Apache-2.0
"""Kernels: generators that compute real data and cost real time on the core that runs them."""

from . import float_bodies as float_bodies  # registers its loop bodies
from . import libm_bodies as libm_bodies  # as well
from . import product_bodies as product_bodies  # as well
from .activation import (
    ActivationStyle,
    exponential,
    local_response_normalisation,
    logistic,
    sigmoid,
    softmax,
    tanh,
)
from .bodies import BODIES
from .calibration import range_warnings, trust_warning
from .choice import choose, one_hot
from .cm import (
    CmStatusError,
    Packing,
    dequeue_floats,
    dequeue_vector,
    process,
    queue_floats,
    queue_vector,
)
from .conv import im2col_window, max_pool
from .copy import copy
from .elementwise import (
    cell_update,
    dequantise,
    dequantise_sums,
    quantise,
    relu8,
    requantise,
    vector_add,
    vector_multiply,
)
from .initialize import CELLS_PER_BATCH, initialize_matrix
from .io import (
    IoResponseError,
    load_vector,
    poll_register,
    read_register,
    store_vector,
    write_register,
)
from .mvm import MVM_STYLES, mm, mvm
from .rescale import rescale
from .rows import rescale_signed
from .timing import KERNELS, KernelEntry, KernelTiming, time_kernel

__all__ = [
    "BODIES",
    "CELLS_PER_BATCH",
    "KERNELS",
    "MVM_STYLES",
    "ActivationStyle",
    "CmStatusError",
    "IoResponseError",
    "KernelEntry",
    "KernelTiming",
    "Packing",
    "cell_update",
    "choose",
    "copy",
    "dequantise",
    "dequantise_sums",
    "dequeue_floats",
    "dequeue_vector",
    "exponential",
    "im2col_window",
    "initialize_matrix",
    "load_vector",
    "local_response_normalisation",
    "logistic",
    "max_pool",
    "mm",
    "mvm",
    "one_hot",
    "poll_register",
    "process",
    "quantise",
    "queue_floats",
    "queue_vector",
    "range_warnings",
    "read_register",
    "relu8",
    "requantise",
    "rescale",
    "rescale_signed",
    "sigmoid",
    "softmax",
    "store_vector",
    "tanh",
    "time_kernel",
    "trust_warning",
    "vector_add",
    "vector_multiply",
    "write_register",
]
