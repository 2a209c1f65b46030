# SPDX-License-Identifier: Apache-2.0
"""The onnx package, where it is installed."""

from importlib import import_module
from types import ModuleType

from alpine_models.errors import AlpineError

__all__ = ["onnx_package"]

PARTS = ("checker", "external_data_helper", "helper", "numpy_helper", "version_converter")
"""Parts of the package that are its attributes once they are imported."""


def onnx_package() -> ModuleType:
    """Return the onnx package with the parts of it that are used here.

    Raises
    ------
    AlpineError
        It is not installed.
    """
    try:
        onnx = import_module("onnx")
        for part in PARTS:
            import_module(f"onnx.{part}")
    except ImportError as error:
        raise AlpineError(
            f"ONNX files need the onnx package ({error}): pip install 'alpine-cosim[onnx]'"
        ) from None
    return onnx
