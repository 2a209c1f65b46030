"""Kernels: generators that compute real data and cost real time on the core that runs them."""

from .cm import CmStatusError, Packing, dequeue_vector, process, queue_vector
from .copy import copy
from .elementwise import relu8, requantise
from .mvm import MVM_STYLES, mvm

__all__ = [
    "MVM_STYLES",
    "CmStatusError",
    "Packing",
    "copy",
    "dequeue_vector",
    "mvm",
    "process",
    "queue_vector",
    "relu8",
    "requantise",
]
