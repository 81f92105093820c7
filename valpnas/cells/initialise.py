"""How the parameters of units begin: those of Keras, which the published cells were trained with."""

from __future__ import annotations

from functools import singledispatch
from math import prod, sqrt

import torch
from torch import Tensor, nn

from valpnas.cells.convolutions import BatchNorm, ConvolutionLayer, SeparableLayer, TransposedLayer
from valpnas.cells.layers import ExcitationLayer, HeadLayer, RecurrentLayer


def initialise_units(module: nn.Module, generator: torch.Generator) -> None:
    """Fill every parameter and buffer of the units in ``module``, drawing from ``generator`` only.

    He-uniform convolutions, Glorot-uniform classifiers and inputs of recurrences, orthogonal recurrences, biases of
    zero but for an LSTM's forget gate (1), normalisation that changes nothing. A depthwise kernel's fan-in is that of
    its one channel, where Keras counts all of them.
    """
    for part in module.modules():
        _fill(part, generator)


@singledispatch
def _fill(part: nn.Module, generator: torch.Generator) -> None:
    """Containers and units without parameters have nothing to fill."""


@_fill.register
def _(part: BatchNorm, generator: torch.Generator) -> None:  # noqa: ARG001 - as above
    nn.init.ones_(part.weight)
    nn.init.zeros_(part.bias)
    part.running_mean.zero_()
    part.running_var.fill_(1.0)


@_fill.register(ConvolutionLayer)
@_fill.register(TransposedLayer)
def _(part: ConvolutionLayer | TransposedLayer, generator: torch.Generator) -> None:
    channels = part.weight.shape[0 if isinstance(part, TransposedLayer) else 1]
    _he(part.weight, channels * prod(part.weight.shape[2:]), generator)
    nn.init.zeros_(part.bias)


@_fill.register
def _(part: SeparableLayer, generator: torch.Generator) -> None:
    _he(part.depthwise, prod(part.depthwise.shape[2:]), generator)
    _he(part.pointwise, part.pointwise.shape[1], generator)
    nn.init.zeros_(part.bias)


@_fill.register
def _(part: RecurrentLayer, generator: torch.Generator) -> None:
    _glorot(part.weight, generator)
    nn.init.orthogonal_(part.recurrent, generator=generator)
    nn.init.zeros_(part.bias)
    if part.form == "gru":
        nn.init.zeros_(part.recurrent_bias)
    else:
        nn.init.ones_(part.bias[part.filters : 2 * part.filters])


@_fill.register
def _(part: ExcitationLayer, generator: torch.Generator) -> None:
    for weight in (part.squeeze, part.excite):
        nn.init.normal_(weight, std=sqrt(1.0 / weight.shape[0]), generator=generator)


@_fill.register
def _(part: HeadLayer, generator: torch.Generator) -> None:
    _glorot(part.weight, generator)
    nn.init.zeros_(part.bias)


def _he(weight: Tensor, fan_in: int, generator: torch.Generator) -> None:
    bound = sqrt(6.0 / fan_in)
    nn.init.uniform_(weight, -bound, bound, generator=generator)


def _glorot(weight: Tensor, generator: torch.Generator) -> None:
    bound = sqrt(6.0 / sum(weight.shape))
    nn.init.uniform_(weight, -bound, bound, generator=generator)
