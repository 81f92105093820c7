"""What the networks of the ensemble compute, all of them side by side, in a form that can be differentiated."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from valpnas.predictors.cells.lstm_weights import Sizes

_NEVER = -1e9  # a score that no softmax sees, and finite, for a cell may have no block at all


def predicted(sizes: Sizes, weights: Mapping[str, Tensor], tokens: Tensor, counts: Tensor) -> Tensor:
    """Return the scores ``(models, n)`` of ``tokens``, ``(models, n, width, 4)``, each with ``counts`` blocks.

    Blocks behind the count of a cell are neither attended to nor read.
    """
    read = _embedded(weights, tokens)
    if sizes.attention:
        read = _attended(sizes, weights, read, counts)
    directions = [read, _backwards(read, counts)][: sizes.directions]
    state = _last_state(sizes, weights, torch.stack(directions, dim=1), counts)
    return torch.sigmoid(torch.baddbmm(weights["dense_bias"], state, weights["dense"]).squeeze(-1))


def _embedded(weights: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
    """Return ``(models, n, width, 4 * embedding)``: the embeddings of both inputs, then of both operations."""
    found = []
    for column, name in enumerate(("inputs", "operations")):
        table = weights[name]
        models, kinds, size = table.shape
        own = torch.arange(0, models * kinds, kinds).view(models, 1, 1, 1)  # each model looks up its own
        looked_up = functional.embedding(tokens[..., column::2] + own, table.reshape(-1, size))
        found.append(looked_up.flatten(-2))
    return torch.cat(found, dim=-1)


def _attended(sizes: Sizes, weights: Mapping[str, Tensor], blocks: Tensor, counts: Tensor) -> Tensor:
    """Return ``(models, n, width, filters)``: keys, weighed by how each block's query meets them (Keras's Attention).

    There is no scaling, and keys are the values too.
    """
    models, n, width, _ = blocks.shape
    layers = torch.baddbmm(weights["attended_bias"], blocks.view(models, n * width, -1), weights["attended"])
    queries, keys = torch.relu(layers).view(models * n, width, -1).split(sizes.filters, dim=-1)
    nothing = torch.arange(width) >= counts.reshape(-1, 1, 1)
    met = torch.bmm(queries, keys.transpose(1, 2)).masked_fill(nothing, _NEVER)
    return torch.bmm(met.softmax(-1), keys).view(models, n, width, -1)


def _backwards(read: Tensor, counts: Tensor) -> Tensor:
    """Return the blocks of each cell from its last to its first; what lies behind them is never read."""
    order = (counts.unsqueeze(-1) - 1 - torch.arange(read.shape[2])).clamp(min=0)
    return read.gather(2, order.unsqueeze(-1).expand(-1, -1, -1, read.shape[-1]))


def _last_state(sizes: Sizes, weights: Mapping[str, Tensor], read: Tensor, counts: Tensor) -> Tensor:
    """Return ``(models, n, directions * units)``: the state behind the last block of each cell, 0 of a cell of none."""
    models, directions, n, width, _ = read.shape
    states = _states(sizes, weights, read)
    behind = counts.view(models, 1, 1, n, 1).expand(models, directions, 1, n, sizes.units)
    last = states.view(models, directions, width + 1, n, sizes.units).gather(2, behind).squeeze(2)
    return last.transpose(1, 2).reshape(models, n, -1)


def _states(sizes: Sizes, weights: Mapping[str, Tensor], read: Tensor) -> Tensor:
    """Return ``(models * directions, width + 1, n, units)``: the LSTM's state before the first block and after each."""
    models, directions, n, width, size = read.shape
    units, kernel = sizes.units, weights["from_state"].flatten(0, 1)
    inputs = torch.matmul(read.reshape(models, directions, n * width, size), weights["from_input"])
    gates_in = (inputs + weights["gates_bias"]).view(models * directions, n, width, -1).unbind(2)
    state = memory = read.new_zeros(models * directions, n, units)
    states = [state]
    for step in gates_in:
        gates = torch.baddbmm(step, state, kernel)
        into, keep, out = torch.sigmoid(gates[..., : 3 * units]).chunk(3, dim=-1)
        memory = keep * memory + into * torch.tanh(gates[..., 3 * units :])
        state = out * torch.tanh(memory)
        states.append(state)
    return torch.stack(states, dim=1)
