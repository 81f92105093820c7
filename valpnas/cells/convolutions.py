"""The torch modules of convolutions: padding "same" as TensorFlow's, batch normalisation and activation behind.

Parameters come uninitialised. Values are ``(n, channels, *extent)``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own custom

from valpnas.cells.padding import cropping, same_padding
from valpnas.cells.units import Convolution, Separable, Transposed

_EPSILON = 1e-3
# Share of the new batch in the running statistics. Published code has 0.01, with which they lag far behind weights that
# are trained for some hundreds of batches only.
_MOMENTUM = 0.1
_CONVOLVE: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d}
_TRANSPOSE: dict[int, Callable[..., Tensor]] = {1: F.conv_transpose1d, 2: F.conv_transpose2d}
_MEAN: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d}


class BatchNorm(nn.Module):
    """Batch normalisation of maps of any dimensions, without the count of batches that torch's own keeps.

    A batch of one number per channel has no spread: it is normalised by the running statistics, which it leaves alone.
    """

    def __init__(self, channels: int) -> None:
        """Make parameters and buffers."""
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.empty(channels))
        self.register_buffer("running_var", torch.empty(channels))

    def forward(self, value: Tensor) -> Tensor:
        """Normalise each channel."""
        by_batch = self.training and value.numel() > value.shape[1]
        return F.batch_norm(
            value, self.running_mean, self.running_var, self.weight, self.bias, by_batch, _MOMENTUM, _EPSILON
        )


class _Normalised(nn.Module):
    """What ends in batch normalisation and activation."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(filters))
        self.norm = BatchNorm(filters)

    def activated(self, value: Tensor) -> Tensor:
        return F.silu(self.norm(value))


class Padded:
    """The padding of a kernel: what torch does itself where both sides are alike, else zeros put there first."""

    def __init__(self, unit: Convolution) -> None:
        """Work out the padding of each dimension."""
        sides = [
            same_padding(size, kernel, unit.stride, unit.dilation)
            for size, kernel in zip(unit.input[1:], unit.kernel, strict=True)
        ]
        alike = all(before == behind for before, behind in sides)
        self.inside = tuple(before for before, _ in sides) if alike else 0
        self.outside = [] if alike else [amount for side in reversed(sides) for amount in side]

    def __call__(self, value: Tensor) -> Tensor:
        """Pad what torch cannot."""
        return F.pad(value, self.outside) if self.outside else value


def thinned(value: Tensor, stride: int) -> Tensor:
    """Return every ``stride``-th entry along each extent.

    That and a convolution of one place is what a strided one is. But where channels lie beside each other and are fewer
    than eight (AVX2) or sixteen (AVX-512), the strided one of torch 2.13 on a CPU writes beyond its memory when it
    computes the gradient of its weights (https://github.com/uxlfoundation/oneDNN/issues/6035).
    """
    return value if stride == 1 else _MEAN[value.dim() - 2](value, 1, stride)


class ConvolutionLayer(_Normalised):
    """The module of a ``Convolution``."""

    def __init__(self, unit: Convolution) -> None:
        """Make all parameters."""
        super().__init__(unit.filters)
        self.padded, self.dilation = Padded(unit), unit.dilation
        self.thinned = unit.stride if set(unit.kernel) == {1} else 1
        self.stride = unit.stride // self.thinned
        self.convolve = _CONVOLVE[len(unit.kernel)]
        self.weight = nn.Parameter(torch.empty(unit.filters, unit.input[0], *unit.kernel))

    def forward(self, value: Tensor) -> Tensor:
        """Convolve, normalise, activate."""
        value = self.padded(thinned(value, self.thinned))
        return self.activated(
            self.convolve(value, self.weight, self.bias, self.stride, self.padded.inside, self.dilation)
        )


class SeparableLayer(_Normalised):
    """The module of a ``Separable``: kernels ``(channels, 1, *kernel)`` and ``(filters, channels, 1, ...)``."""

    def __init__(self, unit: Separable) -> None:
        """Make all parameters."""
        super().__init__(unit.filters)
        self.stride, self.dilation, self.padded = unit.stride, unit.dilation, Padded(unit)
        self.convolve, self.channels = _CONVOLVE[len(unit.kernel)], unit.input[0]
        self.depthwise = nn.Parameter(torch.empty(unit.input[0], 1, *unit.kernel))
        self.pointwise = nn.Parameter(torch.empty(unit.filters, unit.input[0], *(1 for _ in unit.kernel)))

    def forward(self, value: Tensor) -> Tensor:
        """Convolve each channel, mix the channels, normalise, activate."""
        value, inside = self.padded(value), self.padded.inside
        value = self.convolve(value, self.depthwise, None, self.stride, inside, self.dilation, self.channels)
        return self.activated(self.convolve(value, self.pointwise, self.bias))


class TransposedLayer(_Normalised):
    """The module of a ``Transposed``; its kernel is ``(channels, filters, *kernel)``."""

    def __init__(self, unit: Transposed) -> None:
        """Make all parameters."""
        super().__init__(unit.filters)
        self.stride, self.transpose = unit.stride, _TRANSPOSE[len(unit.kernel)]
        self.starts = [cropping(size, unit.stride) for size in unit.kernel]
        self.extent = unit.output[1:]
        self.behind = [max(unit.stride - size, 0) for size in unit.kernel]
        self.weight = nn.Parameter(torch.empty(unit.input[0], unit.filters, *unit.kernel))

    def forward(self, value: Tensor) -> Tensor:
        """Convolve, cut to the extent, normalise, activate."""
        value = self.transpose(value, self.weight, self.bias, self.stride, 0, self.behind)
        for dimension, (start, size) in enumerate(zip(self.starts, self.extent, strict=True)):
            value = value.narrow(dimension + 2, start, size)
        return self.activated(value)
