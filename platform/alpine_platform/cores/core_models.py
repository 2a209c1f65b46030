# SPDX-License-Identifier: Apache-2.0
"""The model of a core by the type of its configuration.

`core_model` is a function with a version per type; other packages add theirs with
``@core_model.register``.
"""

from functools import singledispatch

from alpine_models.errors import AlpineError
from alpine_platform.config import CoreConfig, CoreTypeConfig

from .core_model import ClusterPlace, CoreModel, CorePlace
from .loop_model import LoopModel

__all__ = ["core_model"]


@singledispatch
def core_model(config: CoreTypeConfig, place: CorePlace | ClusterPlace) -> CoreModel:
    """Return the model of a core by the type of its configuration.

    Raises
    ------
    AlpineError
        No model is registered for the type.
    """
    raise AlpineError(
        f"core {place.number} is a {type(config).__name__}, for which there is no core model:"
        " register one with @core_model.register"
    )


@core_model.register
def in_order_model(config: CoreConfig, place: CorePlace | ClusterPlace) -> CoreModel:
    """Return the model of an in-order core.

    Raises
    ------
    AlpineError
        It stands in a cluster, where there are no caches.
    """
    if isinstance(place, ClusterPlace):
        raise AlpineError(
            f"core {place.number} is a CoreConfig, which needs caches: clusters take other core"
            " types"
        )
    return LoopModel(config, place)
