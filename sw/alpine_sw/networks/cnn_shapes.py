# SPDX-License-Identifier: Apache-2.0
"""Shapes of the published convolutional networks and what follows from them.

Sources: Klein et al., ALPINE, IEEE TC 2022, Fig. 12(b), for the table; Chatfield et al., Return of
the Devil in the Details, BMVC 2014, for the networks it is about.

Where the two disagree on CNN-M, the original is used, because the printed table contradicts the
paper's own ordering: with the printed stride 1 in the second layer and 2 x 2 pooling CNN-M would
need 5.8 G products, more than twice CNN-S's 2.6 G. The table as printed is
`cnn_shape("cnn-m", as_printed=True)`. CNN-F and CNN-S are as printed, output sizes rounded down.
Pooling comes before normalisation, as in the figure's list; the original networks do it the other
way round.
"""

from dataclasses import dataclass, replace

from alpine_models.choices import choose

__all__ = ["CNN_NAMES", "CnnShape", "ConvGeometry", "ConvolutionLayer", "Pool", "cnn_shape"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """Maximum pooling.

    Members
    -------
    kernel, stride : of the square window.
    ceil : keep a last window that hangs over the edge.
    """

    kernel: int
    stride: int
    ceil: bool = False

    def side(self, side: int) -> int:
        """Outputs along one side of an image."""
        span = side - self.kernel
        return (-(-span // self.stride) if self.ceil else span // self.stride) + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvolutionLayer:
    """A convolution without bias, a ReLU, and what follows on the same core.

    Members
    -------
    outputs : channels out.
    kernel, stride, pad : of the square window.
    pool : pooling behind the ReLU, or None.
    normalised : local response normalisation behind the pooling.
    """

    outputs: int
    kernel: int
    stride: int = 1
    pad: int = 0
    pool: Pool | None = None
    normalised: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvGeometry:
    """A convolution in its place in a network.

    Members
    -------
    number : of the convolution, from 1.
    layer : the convolution.
    in_side, in_channels : of the square image that it reads, without padding.
    out_side : of its output before pooling.
    pooled_side : of what it hands on.
    """

    number: int
    layer: ConvolutionLayer
    in_side: int
    in_channels: int
    out_side: int
    pooled_side: int

    @property
    def rows(self) -> int:
        """Word lines: elements of one window."""
        return self.layer.kernel**2 * self.in_channels

    @property
    def positions(self) -> int:
        """Output positions: matrix-vector products per inference."""
        return self.out_side**2

    @property
    def products(self) -> int:
        """Multiply-accumulate operations per inference."""
        return self.positions * self.rows * self.layer.outputs


@dataclass(frozen=True, kw_only=True, slots=True)
class CnnShape:
    """A convolutional network without its numbers.

    Members
    -------
    name : str
    side, channels : of the square input image.
    convolutions : in order; the first one reads the image itself and has no padding.
    dense : outputs of the dense layers; a ReLU behind all but the last.

    Raises
    ------
    ValueError
        A layer has nothing left to work on, or the first one is padded.
    """

    name: str
    side: int
    channels: int
    convolutions: tuple[ConvolutionLayer, ...]
    dense: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.convolutions[0].pad:
            raise ValueError("the first convolution reads the image itself, so it cannot be padded")
        for number, place in enumerate(self.geometry, start=1):
            if min(place.out_side, place.pooled_side) < 1:
                raise ValueError(
                    f"convolution {number} of {self.name} has nothing left to work on: its input "
                    f"has {place.in_side} x {place.in_side} pixels"
                )

    @property
    def geometry(self) -> tuple[ConvGeometry, ...]:
        """Every convolution with the sizes that follow from those before it."""
        side, channels = self.side, self.channels
        places: list[ConvGeometry] = []
        for layer in self.convolutions:
            out = (side + 2 * layer.pad - layer.kernel) // layer.stride + 1
            pooled = out if layer.pool is None else layer.pool.side(out)
            places.append(
                ConvGeometry(
                    number=len(places) + 1,
                    layer=layer,
                    in_side=side,
                    in_channels=channels,
                    out_side=out,
                    pooled_side=pooled,
                )
            )
            side, channels = pooled, layer.outputs
        return tuple(places)

    @property
    def inputs(self) -> int:
        """Elements of an input image."""
        return self.side**2 * self.channels

    @property
    def dense_shapes(self) -> tuple[tuple[int, int], ...]:
        """Shape [outputs, inputs] of every dense layer."""
        last = self.geometry[-1]
        widths = (last.pooled_side**2 * last.layer.outputs, *self.dense)
        return tuple(zip(widths[1:], widths[:-1], strict=True))

    def without_normalisation(self) -> "CnnShape":
        """The same network with no local response normalisation, under its own name."""
        return replace(
            self,
            name=f"{self.name}-unnormalised",
            convolutions=tuple(replace(layer, normalised=False) for layer in self.convolutions),
        )


TWO, THREE = Pool(kernel=2, stride=2), Pool(kernel=3, stride=3)
OVERLAPPING = Pool(kernel=3, stride=2, ceil=True)


def _published(
    name: str, first: ConvolutionLayer, second: ConvolutionLayer, width: int, last: Pool
) -> CnnShape:
    middle = ConvolutionLayer(outputs=width, kernel=3, pad=1)
    return CnnShape(
        name=name,
        side=224,
        channels=3,
        convolutions=(first, second, middle, middle, replace(middle, pool=last)),
        dense=(4096, 4096, 1000),
    )


def _second(pool: Pool, *, stride: int = 1, normalised: bool = True) -> ConvolutionLayer:
    return ConvolutionLayer(
        outputs=256, kernel=5, stride=stride, pad=1, pool=pool, normalised=normalised
    )


def _first(outputs: int, kernel: int, stride: int, pool: Pool) -> ConvolutionLayer:
    return ConvolutionLayer(
        outputs=outputs, kernel=kernel, stride=stride, pool=pool, normalised=True
    )


_SHAPES = {
    "cnn-f": _published("cnn-f", _first(64, 11, 4, TWO), _second(TWO), 256, TWO),
    "cnn-m": _published(
        "cnn-m", _first(96, 7, 2, OVERLAPPING), _second(OVERLAPPING, stride=2), 512, OVERLAPPING
    ),
    "cnn-s": _published(
        "cnn-s", _first(96, 7, 2, THREE), _second(TWO, normalised=False), 512, THREE
    ),
}
_PRINTED_M = _published("cnn-m-literal", _first(96, 7, 2, TWO), _second(TWO), 512, TWO)

CNN_NAMES = tuple(_SHAPES)
"""Names of the published networks: fast, medium, slow."""


def cnn_shape(name: str, *, as_printed: bool = False) -> CnnShape:
    """Return a published network.

    Parameters
    ----------
    name : one of `CNN_NAMES`.
    as_printed : exactly the printed table; differs for CNN-M only.

    Raises
    ------
    AlpineError
        There is no such network.
    """
    choose("network", name, CNN_NAMES)
    return _PRINTED_M if as_printed and name == "cnn-m" else _SHAPES[name]
