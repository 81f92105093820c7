"""Fast prediction by the ensemble: what ``lstm_forward.py`` computes, for many cells of one number of blocks.

Numbers lie with the cells last, so that the gates of a kind are one piece of memory, and nothing is allocated in the
loop over the blocks. A logistic function costs a quarter of what a hyperbolic tangent does: tanh(x) = 2 s(2 x) - 1, and
the factors go into the weights once. So the loop keeps half the state and twice the memory.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from valpnas.predictors.cells.lstm_weights import Sizes, tensors

CHUNK = 256
"""Cells at once: the gates of so many fit a second-level cache."""


class FastEnsemble:
    """An ensemble made ready for ``predict``; ``weights`` are ``(models, numbers)``."""

    def __init__(self, sizes: Sizes, weights: Tensor) -> None:
        self._sizes, parts = sizes, tensors(sizes, weights)
        self._models = len(weights)
        self._tables = _side_tables(sizes, parts)
        self._kernels = _kernels(sizes, parts)
        self._dense = (2 * parts["dense"]).view(self._models, sizes.directions, 1, sizes.units)
        self._bias = parts["dense_bias"].view(self._models)

    def predict(self, tokens: Tensor) -> Tensor:
        """Return ``(n,)``, the mean of the models, in float64, of ``tokens``, ``(n, blocks, 4)``: no padding."""
        if not tokens.shape[1]:  # empty cells: no state, so the bias alone
            return torch.sigmoid(self._bias).double().mean().expand(len(tokens))
        return torch.cat([self._mean(part) for part in tokens.split(CHUNK)])

    def _mean(self, tokens: Tensor) -> Tensor:
        read = self._read(tokens)
        total = torch.zeros(len(tokens), dtype=torch.float64)
        for model in range(self._models):
            logits = self._bias[model].expand(1, len(tokens))
            for direction in range(self._sizes.directions):
                blocks = [read[t, model] for t in range(len(read))]
                state = self._half_state(blocks[::-1] if direction else blocks, self._kernels[model][direction])
                logits = logits + self._dense[model, direction] @ state
            total += torch.sigmoid(logits[0])
        return total / self._models

    def _read(self, tokens: Tensor) -> Tensor:
        """Return ``(blocks, models, numbers, n)``: what the LSTMs read."""
        n, blocks, _ = tokens.shape
        sides = tokens[..., 0::2] * self._sizes.operations + tokens[..., 1::2]
        first, second = (self._tables[i].index_select(0, sides[..., i].reshape(-1)) for i in (0, 1))
        made = first.add_(second).view(n, blocks * self._models, -1)
        by_cell = made.permute(1, 2, 0).contiguous().view(blocks, self._models, -1, n)
        return self._attended(by_cell.relu_()) if self._sizes.attention else by_cell

    def _attended(self, layers: Tensor) -> Tensor:
        queries, keys = layers.split(self._sizes.filters, dim=2)
        made = torch.empty_like(keys, memory_format=torch.contiguous_format)
        for query, into in zip(queries, made, strict=True):
            met = (query * keys).sum(2).softmax(0)  # (blocks, models, n)
            torch.sum(met.unsqueeze(2) * keys, 0, out=into)
        return made

    def _half_state(self, blocks: list[Tensor], kernel: Tensor) -> Tensor:
        """Return half the state of an LSTM, ``(units, n)``, behind all blocks."""
        units, read, n = self._sizes.units, self._sizes.read, blocks[0].shape[-1]
        heard = torch.ones(read + 1 + units, n)  # what it reads, a one for the bias, half the state
        state, memory, other = heard[read + 1 :], torch.zeros(units, n), torch.empty(units, n)
        gates = torch.empty(4 * units, n)
        into, keep, out, new = gates.view(4, units, n)
        for step, block in enumerate(blocks):
            heard[:read] = block
            known = len(heard) if step else read + 1  # before the first block there is no state
            torch.mm(kernel[:, :known], heard[:known], out=gates)
            gates.sigmoid_()
            memory.mul_(keep).addcmul_(into, new, value=4).sub_(into, alpha=2)
            torch.sigmoid(memory, out=other)
            torch.mul(out, other, out=state).sub_(out, alpha=0.5)
        return state


def _side_tables(sizes: Sizes, parts: Mapping[str, Tensor]) -> list[Tensor]:
    """Return for either side of a block ``(inputs * operations, models * numbers)``: its share of a block."""
    found = []
    for side in (0, 1):
        of_input, of_operation = (
            _layer(sizes, parts, parts[name], 2 * column + side) for column, name in enumerate(("inputs", "operations"))
        )
        table = of_input[:, :, None] + of_operation[:, None]  # (models, inputs, operations, numbers)
        if sizes.attention and not side:
            table = table + parts["attended_bias"].unsqueeze(1)
        found.append(table.permute(1, 2, 0, 3).flatten(0, 1).flatten(1).contiguous())
    return found


def _layer(sizes: Sizes, parts: Mapping[str, Tensor], embedded: Tensor, place: int) -> Tensor:
    """Return ``(models, tokens, numbers)``: what an embedding at a place of the block adds."""
    rows = slice(place * sizes.embedding, (place + 1) * sizes.embedding)
    if sizes.attention:
        return embedded @ parts["attended"][:, rows]
    placed = embedded.new_zeros(*embedded.shape[:2], sizes.block)
    placed[..., rows] = embedded
    return placed


def _kernels(sizes: Sizes, parts: Mapping[str, Tensor]) -> list[list[Tensor]]:
    """Return by model and direction ``(gates, read + 1 + units)``: all weights of an LSTM, factors included."""
    kernels = torch.cat([parts["from_input"], parts["gates_bias"], 2 * parts["from_state"]], dim=2).transpose(2, 3)
    kernels = kernels.contiguous()
    kernels[:, :, 3 * sizes.units :] *= 2
    return [list(model.unbind(0)) for model in kernels.unbind(0)]
