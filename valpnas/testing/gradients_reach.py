"""Does every new weight learn? A block that starts between two zero layers never would, and nothing else would tell.

A layer that starts at zero hides what lies before it for one batch, so a new block may wait for as many batches as
there are zero layers, and one more. Models are in evaluation mode: a bias in front of batch normalisation has no
gradient in training, since the mean of the batch takes it away again, and still belongs to the published cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from valpnas.contracts.model import Model, Mutated, Origin
from valpnas.networks.module import load_module
from valpnas.testing.conformance_error import require
from valpnas.testing.probes import Probe, smooth_losses

PROMISE = "every new weight receives a gradient"


def check_gradients_reach(what: str, mutated: Mutated, probe: Probe) -> None:
    """Raise ``ConformanceError`` when a new block of weights has no gradient for 1 + (zero-initialised layers) batches.

    The model is trained on a smooth loss summed over all outputs. Narrow networks of rectifiers may be dead by
    chance, so a block that stays without gradient is tried again with every weight and input replaced by its
    magnitude: no monotone unit can then be dead, while what started at zero still does.
    """
    blocks = {name: _new_entries(mutated.lineage.tensors.get(name), t) for name, t in mutated.weights.items()}
    blocks = {name: mask for name, mask in blocks.items() if mask.any()}
    batches = 1 + _zero_layers(mutated.weights, blocks)
    model = Model(mutated.valp, mutated.weights, mutated.buffers)
    for candidate, batch in ((model, probe), (_positive(model), _positive_probe(probe))):
        if blocks:
            blocks = _without_gradient(candidate, batch, blocks, batches)
    require(not blocks, PROMISE, f"{what}: a gradient in {', '.join(blocks)} within {batches} batches", "none")


def _new_entries(origin: Origin | None, tensor: Tensor) -> Tensor:
    """Return a mask of the entries that no parent had."""
    if origin is None:
        return torch.ones_like(tensor, dtype=torch.bool)
    mask = torch.zeros_like(tensor, dtype=torch.bool)
    for dimension, index in enumerate(origin.index):
        if index is not None:
            new = torch.as_tensor(index < 0, device=tensor.device)
            mask |= new.reshape([-1 if d == dimension else 1 for d in range(tensor.dim())])
    return mask


def _zero_layers(weights: Mapping[str, Tensor], blocks: Mapping[str, Tensor]) -> int:
    """Count the matrices that are zero as a whole, or where they are new.

    It bounds how many zero layers can follow one another.
    """
    matrices = {name: tensor for name, tensor in weights.items() if tensor.dim() > 1}
    return sum(not t.any() or (name in blocks and not t[blocks[name]].any()) for name, t in matrices.items())


def _without_gradient(model: Model, probe: Probe, blocks: Mapping[str, Tensor], batches: int) -> dict[str, Tensor]:
    """Train a copy and return the blocks that have seen no gradient by the end."""
    module = load_module(replace(model, weights={name: t.clone() for name, t in model.weights.items()})).eval()
    parameters = dict(module.named_parameters())
    probe = probe.like(next(iter(parameters.values())))
    optimiser = torch.optim.Adam(parameters.values(), lr=1e-2)
    waiting = dict(blocks)
    for _ in range(batches):
        optimiser.zero_grad()
        torch.stack(list(smooth_losses(module, probe).values())).sum().backward()
        waiting = {name: mask for name, mask in waiting.items() if not _reached(parameters[name], mask)}
        if not waiting:
            break
        optimiser.step()
    return waiting


def _reached(parameter: Tensor, mask: Tensor) -> bool:
    return parameter.grad is not None and bool(parameter.grad[mask].any())


def _positive(model: Model) -> Model:
    """Return the model without signs, in float64, its columns summing to one at most so that nothing saturates."""
    buffers = {name: b.double() if b.is_floating_point() else b for name, b in model.buffers.items()}
    return replace(model, weights={name: _magnitude(t) for name, t in model.weights.items()}, buffers=buffers)


def _magnitude(tensor: Tensor) -> Tensor:
    size = tensor.double().abs()
    return size / size.sum(0).clamp(min=1.0) if tensor.dim() == 2 else size


def _positive_probe(probe: Probe) -> Probe:
    return replace(probe, inputs={name: value.abs() for name, value in probe.inputs.items()})
