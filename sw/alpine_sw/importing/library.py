# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Parts of the package are imported so that they are there as its attributes.
"""The onnx package, where it is installed."""

from types import ModuleType

from alpine_models.errors import AlpineError

__all__ = ["onnx_package"]


def onnx_package() -> ModuleType:
    """Return the onnx package with the parts of it that are used here.

    Raises
    ------
    AlpineError
        It is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.external_data_helper
        import onnx.helper
        import onnx.numpy_helper
        import onnx.version_converter
    except ImportError as error:
        raise AlpineError(
            f"ONNX files need the onnx package ({error}): pip install 'alpine-cosim[onnx]'"
        ) from None
    return onnx
