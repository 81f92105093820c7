"""Units: the smallest parts a cell network is made of, as plain data - their shapes, parameters and multiply-adds.

Shapes are ``(channels, *extent)``. Parameters are told apart: ``trainable`` ones, and the ``statistics`` of batch
normalisation (a mean and a variance per channel), which Keras counts too. Multiply-adds are those of one row. FLOPs are
twice these, and one per number for each bias, activation, sum and pooled entry and two for each normalised number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import ceil, prod
from typing import Literal

from valpnas.cells.padding import same_extent
from valpnas.graph.spec import Shape

Kernel = tuple[int, ...]

_NORMALISED = 4  # floating-point operations per number: bias, normalisation (two), activation
_EXCITATION = 8  # channels per unit of the bottleneck of squeeze-and-excitation


class Unit(ABC):
    """A part with an input and an output shape."""

    input: Shape

    @property
    @abstractmethod
    def output(self) -> Shape:
        """Shape of what the unit emits."""

    @property
    def trainable(self) -> int:
        """Number of trainable parameters."""
        return 0

    @property
    def statistics(self) -> int:
        """Number of running statistics."""
        return 0

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one row."""
        return 0

    @property
    @abstractmethod
    def flops(self) -> int:
        """Floating-point operations of one row."""


@dataclass(frozen=True)
class Convolution(Unit):
    """Convolution with bias, batch normalisation, activation."""

    input: Shape
    filters: int
    kernel: Kernel
    stride: int = 1
    dilation: int = 1

    @property
    def output(self) -> Shape:
        """Filters as channels, extents over the stride."""
        return self.filters, *(same_extent(size, self.stride) for size in self.input[1:])

    @property
    def trainable(self) -> int:
        """Kernel, bias, and scale and shift of the normalisation."""
        return prod(self.kernel) * self.input[0] * self.filters + 3 * self.filters

    @property
    def statistics(self) -> int:
        """Mean and variance per filter."""
        return 2 * self.filters

    @property
    def multiply_adds(self) -> int:
        """One per weight and place."""
        return prod(self.kernel) * self.input[0] * prod(self.output)

    @property
    def flops(self) -> int:
        """Two per multiply-add, and what follows the convolution."""
        return 2 * self.multiply_adds + _NORMALISED * prod(self.output)


@dataclass(frozen=True)
class Separable(Convolution):
    """Depthwise convolution without bias, pointwise one with bias, one batch normalisation, activation."""

    @property
    def trainable(self) -> int:
        """Both kernels, bias, scale and shift."""
        return self.input[0] * (prod(self.kernel) + self.filters) + 3 * self.filters

    @property
    def multiply_adds(self) -> int:
        """Both convolutions, the depthwise one with the stride."""
        places = prod(self.output[1:])
        return places * self.input[0] * (prod(self.kernel) + self.filters)


@dataclass(frozen=True)
class Transposed(Convolution):
    """Transposed convolution of ``stride`` with bias, batch normalisation, activation: extents times the stride."""

    stride: int = 2

    @property
    def output(self) -> Shape:
        """Filters as channels, extents times the stride."""
        return self.filters, *(size * self.stride for size in self.input[1:])

    @property
    def multiply_adds(self) -> int:
        """One per weight and place of the input."""
        return prod(self.kernel) * self.filters * prod(self.input)


@dataclass(frozen=True)
class Pool(Unit):
    """Maximum or mean over a window; padding is no part of the mean."""

    input: Shape
    form: Literal["max", "avg"]
    kernel: Kernel
    stride: int = 1

    @property
    def output(self) -> Shape:
        """Extents over the stride."""
        return self.input[0], *(same_extent(size, self.stride) for size in self.input[1:])

    @property
    def flops(self) -> int:
        """One per entry of each window."""
        return prod(self.kernel) * prod(self.output)


@dataclass(frozen=True)
class Recurrent(Unit):
    """LSTM (one bias) or GRU (two biases, reset after the product), a value per step, and batch normalisation."""

    input: Shape
    filters: int
    form: Literal["lstm", "gru"]

    @property
    def gates(self) -> int:
        """Blocks of units: 4 of an LSTM, 3 of a GRU."""
        return 4 if self.form == "lstm" else 3

    @property
    def output(self) -> Shape:
        """Units as channels, the same length."""
        return self.filters, *self.input[1:]

    @property
    def trainable(self) -> int:
        """Input, recurrent weights, biases, scale and shift."""
        biases = 1 if self.form == "lstm" else 2
        return self.gates * self.filters * (self.input[0] + self.filters + biases) + 2 * self.filters

    @property
    def statistics(self) -> int:
        """Mean and variance per unit."""
        return 2 * self.filters

    @property
    def multiply_adds(self) -> int:
        """Both matrices at each step."""
        return self.gates * self.filters * (self.input[0] + self.filters) * prod(self.input[1:])

    @property
    def flops(self) -> int:
        """Two per multiply-add, a bias and an activation per gate, and the normalisation."""
        return 2 * self.multiply_adds + (2 * self.gates + 2) * prod(self.output)


@dataclass(frozen=True)
class Excitation(Unit):
    """Squeeze-and-excitation: channels weighed by two bias-free layers over their means."""

    input: Shape

    @property
    def output(self) -> Shape:
        """The same shape."""
        return self.input

    @property
    def bottleneck(self) -> int:
        """Units of the first layer."""
        return ceil(self.input[0] / _EXCITATION)

    @property
    def trainable(self) -> int:
        """Both matrices."""
        return 2 * self.input[0] * self.bottleneck

    @property
    def multiply_adds(self) -> int:
        """Both matrices, once."""
        return self.trainable

    @property
    def flops(self) -> int:
        """Two per multiply-add, the means, the activations and the weighing."""
        return 2 * self.multiply_adds + self.bottleneck + self.input[0] + 2 * prod(self.input)


@dataclass(frozen=True)
class Head(Unit):
    """Global average pooling and a linear classifier."""

    input: Shape
    classes: int

    @property
    def output(self) -> Shape:
        """Logits."""
        return (self.classes,)

    @property
    def trainable(self) -> int:
        """Matrix and bias."""
        return (self.input[0] + 1) * self.classes

    @property
    def multiply_adds(self) -> int:
        """The matrix."""
        return self.input[0] * self.classes

    @property
    def flops(self) -> int:
        """Two per multiply-add, the means and the bias."""
        return 2 * self.multiply_adds + prod(self.input) + self.classes
