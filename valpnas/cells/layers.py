"""The torch module of each unit: it computes what its plan says, with padding "same" as TensorFlow's.

Parameters come uninitialised. Values are ``(n, channels, *extent)``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own custom

from valpnas.cells.convolutions import BatchNorm, ConvolutionLayer, SeparableLayer, TransposedLayer
from valpnas.cells.padding import same_padding
from valpnas.cells.units import Convolution, Excitation, Head, Pool, Recurrent, Separable, Transposed, Unit

_POOL: dict[tuple[str, int], Callable[..., Tensor]] = {
    ("max", 1): F.max_pool1d,
    ("max", 2): F.max_pool2d,
    ("avg", 1): F.avg_pool1d,
    ("avg", 2): F.avg_pool2d,
}


class PoolLayer(nn.Module):
    """The module of a ``Pool``.

    Where one entry more is padded behind than before, torch is asked for windows that reach beyond the end (strided)
    or for one window too many at the start, which is cut off: either way padding stays out of the mean.
    """

    def __init__(self, unit: Pool) -> None:
        """Work out the padding; there are no parameters."""
        super().__init__()
        self.pool, self.kernel, self.stride = _POOL[unit.form, len(unit.kernel)], unit.kernel, unit.stride
        sides = [same_padding(s, k, unit.stride) for s, k in zip(unit.input[1:], unit.kernel, strict=True)]
        self.padding = tuple((max if unit.stride == 1 else min)(side) for side in sides)
        self.late = [i for i, (before, behind) in enumerate(sides) if before < behind and unit.stride == 1]
        self.how: dict[str, Any] = {"ceil_mode": unit.stride > 1}
        if unit.form == "avg":
            self.how["count_include_pad"] = False

    def forward(self, value: Tensor) -> Tensor:
        """Pool each window."""
        value = self.pool(value, self.kernel, self.stride, self.padding, **self.how)
        for dimension in self.late:
            value = value.narrow(dimension + 2, 1, value.shape[dimension + 2] - 1)
        return value


class RecurrentLayer(nn.Module):
    """The module of a ``Recurrent`` over ``(n, channels, length)``; torch's second bias of an LSTM stays zero."""

    def __init__(self, unit: Recurrent) -> None:
        """Make all parameters."""
        super().__init__()
        self.form, units = unit.form, unit.gates * unit.filters
        self.filters = unit.filters
        self.weight = nn.Parameter(torch.empty(units, unit.input[0]))
        self.recurrent = nn.Parameter(torch.empty(units, unit.filters))
        self.bias = nn.Parameter(torch.empty(units))
        if self.form == "gru":
            self.recurrent_bias = nn.Parameter(torch.empty(units))
        self.norm = BatchNorm(unit.filters)

    def forward(self, value: Tensor) -> Tensor:
        """Return the state after each step, normalised."""
        steps, state = value.transpose(1, 2), value.new_zeros(1, len(value), self.filters)
        # Layers, dropout, mode, both directions and whether rows come first, as torch's own modules hand them over.
        rest = (True, 1, 0.0, self.training, False, True)
        if self.form == "gru":
            weights: list[Tensor] = [self.weight, self.recurrent, self.bias, self.recurrent_bias]
            states = torch.gru(steps, state, weights, *rest)[0]
        else:
            weights = [self.weight, self.recurrent, self.bias, torch.zeros_like(self.bias)]
            states = torch.lstm(steps, [state, state], weights, *rest)[0]
        result: Tensor = self.norm(states.transpose(1, 2))
        return result


class ExcitationLayer(nn.Module):
    """The module of an ``Excitation``."""

    def __init__(self, unit: Excitation) -> None:
        """Make both matrices."""
        super().__init__()
        self.squeeze = nn.Parameter(torch.empty(unit.input[0], unit.bottleneck))
        self.excite = nn.Parameter(torch.empty(unit.bottleneck, unit.input[0]))

    def forward(self, value: Tensor) -> Tensor:
        """Weigh the channels."""
        weights = torch.sigmoid(F.silu(pooled(value) @ self.squeeze) @ self.excite)
        return value * weights.reshape(*weights.shape, *(1 for _ in value.shape[2:]))


class HeadLayer(nn.Module):
    """The module of a ``Head``."""

    def __init__(self, unit: Head) -> None:
        """Make matrix and bias."""
        super().__init__()
        self.weight = nn.Parameter(torch.empty(unit.input[0], unit.classes))
        self.bias = nn.Parameter(torch.empty(unit.classes))

    def forward(self, value: Tensor) -> Tensor:
        """Return logits, ``(n, classes)``."""
        return torch.addmm(self.bias, pooled(value), self.weight)


def pooled(value: Tensor) -> Tensor:
    """Return the mean of each channel, ``(n, channels)``."""
    return value.mean(tuple(range(2, value.dim())))


@singledispatch
def layer(unit: Unit) -> nn.Module:
    """Return the module of a unit."""
    raise TypeError(f"expected a unit with a module, got {unit}")


layer.register(Convolution, ConvolutionLayer)
layer.register(Separable, SeparableLayer)
layer.register(Transposed, TransposedLayer)
layer.register(Pool, PoolLayer)
layer.register(Recurrent, RecurrentLayer)
layer.register(Excitation, ExcitationLayer)
layer.register(Head, HeadLayer)
