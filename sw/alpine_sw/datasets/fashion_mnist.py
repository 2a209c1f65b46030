# SPDX-License-Identifier: Apache-2.0
"""Labelled images as the DAC codes that a tile takes in."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError

__all__ = ["ImageSet", "Split", "load_fashion_mnist"]


class Split(StrEnum):
    """Part of a data set."""

    TRAIN = "train"
    """60,000 images to fit to; not shipped."""
    TEST = "test"
    """10,000 images to measure on; shipped with the package."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImageSet:
    """Images as input vectors, with the class of each.

    Members
    -------
    name : str, of the data set and its part.
    inputs : int8 [n, 1024], codes 0 to 127, read-only.
    labels : int64 [n], classes, read-only.
    class_names : tuple of str, one per class.
    """

    name: str
    inputs: NDArray[np.int8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]

    def first(self, count: int) -> "ImageSet":
        """Return samples 0 to `count` - 1.

        Parameters
        ----------
        count : int
            1 or more.

        Raises
        ------
        AlpineError
            There are not as many.
        """
        if not 1 <= count <= len(self.labels):
            raise AlpineError(
                f"{count} images were asked for, but {self.name} has {len(self.labels)}; "
                f"ask for 1 to {len(self.labels)}"
            )
        return ImageSet(
            name=self.name,
            inputs=self.inputs[:count],
            labels=self.labels[:count],
            class_names=self.class_names,
        )


def load_fashion_mnist(directory: Path | None = None, *, split: Split = Split.TEST) -> ImageSet:
    """Return a part of Fashion-MNIST, checked to be the published one.

    A picture of 28 x 28 pixels is framed with two black pixels to 32 x 32 = 1024 inputs, row by
    row. DAC codes are signed 8 bit, so pixels 0 to 255 become codes 0 to 127 by dropping the
    lowest bit: half the resolution, no offset to correct behind the crossbar.

    Source: Xiao, Rasul, Vollgraf, arXiv:1708.07747 (2017).

    Parameters
    ----------
    directory : Path or None
        Folder of the gzipped IDX files under their published names; None is the folder shipped
        with the package, which holds the test images only.
    split : Split
        Part to load.

    Raises
    ------
    AlpineError
        A file is missing, damaged, or not the published one, or the training images were asked
        for without a folder.
    """
    if directory is None and split is Split.TRAIN:
        raise AlpineError(
            "the training images of Fashion-MNIST are not shipped; give the folder that holds "
            "them, such as the one that the Debian package dataset-fashion-mnist installs"
        )
    images, labels = (_read_checked(directory, file) for file in _FILES[split])
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, _SIDE, _SIDE)
    codes = np.pad((pixels >> 1).astype(np.int8), ((0, 0), (_FRAME, _FRAME), (_FRAME, _FRAME)))
    inputs = codes.reshape(len(codes), -1)
    classes = np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)
    inputs.flags.writeable = False
    classes.flags.writeable = False
    return ImageSet(
        name=f"Fashion-MNIST {split}", inputs=inputs, labels=classes, class_names=_CLASS_NAMES
    )


_SHIPPED = Path(__file__).parents[1] / "data" / "fashion_mnist"

_SIDE = 28
_FRAME = 2

_CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _IdxFile:
    name: str
    sha256: str


# Digests of the uncompressed IDX bytes: distributors compress the same bytes differently.
_FILES = {
    Split.TRAIN: (
        _IdxFile(
            name="train-images-idx3-ubyte.gz",
            sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        _IdxFile(
            name="train-labels-idx1-ubyte.gz",
            sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
    ),
    Split.TEST: (
        _IdxFile(
            name="t10k-images-idx3-ubyte.gz",
            sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        _IdxFile(
            name="t10k-labels-idx1-ubyte.gz",
            sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
}


def _read_checked(directory: Path | None, file: _IdxFile) -> bytes:
    path = (directory or _SHIPPED) / file.name
    if directory is None:
        remedy = "install alpine-cosim again, or check the file out again from its repository"
    else:
        remedy = "copy it again from the Debian package dataset-fashion-mnist"
    try:
        data = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise AlpineError(f"data file {path} is missing; {remedy}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise AlpineError(f"data file {path} is damaged ({error}); {remedy}") from None
    except OSError as error:
        raise AlpineError(f"data file {path} cannot be read ({error.strerror}); {remedy}") from None
    digest = hashlib.sha256(data).hexdigest()
    if digest != file.sha256:
        raise AlpineError(
            f"data file {path} is not the published one (sha256 {digest[:12]}..., "
            f"expected {file.sha256[:12]}...); {remedy}"
        )
    return data
