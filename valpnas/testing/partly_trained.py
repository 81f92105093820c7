"""partly_trained: a model after a few batches, with all the state that training leaves and operators must carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.graph.optimiser_groups import OptimiserGroup, optimiser_groups
from valpnas.networks.module import ValpModule, load_module
from valpnas.testing.probes import Probe, smooth_losses

_HIGHEST_RATE = 1e-2  # keeps a few batches from blowing up narrow networks at the rates a search may draw


def partly_trained(model: Model, rng: np.random.Generator, batches: int) -> Model:
    """Return ``model`` after ``batches`` of Adam on random targets; ``model`` is not altered.

    Every optimiser group is driven by Adam whatever its algorithm, so its state is ``exp_avg``, ``exp_avg_sq`` and
    ``step`` by tensor name under the group's lead output. Histories, ages and batches count on. The balancer's state
    is one made-up number per output.
    """
    module = load_module(_copied(model))
    groups = optimiser_groups(model.valp)
    optimisers = {group.lead: _adam(module, group, model) for group in groups}
    losses = [_batch(module, groups, optimisers, Probe.draw(model.valp, rng)) for _ in range(batches)]
    return replace(
        model,
        weights={name: parameter.detach() for name, parameter in module.named_parameters()},
        buffers=dict(module.named_buffers()),
        optimiser={lead: _state(module, optimiser) for lead, optimiser in optimisers.items()},
        histories={output: _history(model, output, losses) for output in model.valp.tasks},
        ages={network.id: model.ages.get(network.id, 0) + batches for network in model.valp.networks},
        batches=model.batches + batches,
        balancer={output: {"made_up": torch.tensor(float(i))} for i, output in enumerate(model.valp.tasks)},
    )


def _copied(model: Model) -> Model:
    weights = {name: tensor.clone() for name, tensor in model.weights.items()}
    return replace(model, weights=weights, buffers={name: buffer.clone() for name, buffer in model.buffers.items()})


def _adam(module: ValpModule, group: OptimiserGroup, model: Model) -> torch.optim.Adam:
    optimiser = torch.optim.Adam(module.parameters(), lr=min(group.how.learning_rate, _HIGHEST_RATE))
    for name, parameter in module.named_parameters():
        if slots := model.optimiser.get(group.lead, {}).get(name):
            optimiser.state[parameter] = {part: value.clone() for part, value in slots.items()}
    return optimiser


def _batch(
    module: ValpModule,
    groups: Sequence[OptimiserGroup],
    optimisers: Mapping[str, torch.optim.Adam],
    probe: Probe,
) -> dict[str, float]:
    parameters = list(module.parameters())
    losses = smooth_losses(module, probe.like(parameters[0]))
    gradients = {}  # all of them before the first step, which would alter what the others are derived from
    for group in groups:
        total = torch.stack([losses[output] for output in group.outputs]).sum()
        gradients[group.lead] = torch.autograd.grad(total, parameters, retain_graph=True, allow_unused=True)
    for lead, found in gradients.items():
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = gradient
        optimisers[lead].step()
    return {output: float(loss.detach()) for output, loss in losses.items()}


def _state(module: ValpModule, optimiser: torch.optim.Adam) -> dict[str, dict[str, Tensor]]:
    trained = [(name, p) for name, p in module.named_parameters() if p in optimiser.state]
    return {name: dict(optimiser.state[parameter]) for name, parameter in trained}


def _history(model: Model, output: str, losses: Sequence[Mapping[str, float]]) -> Tensor:
    before = model.histories.get(output, torch.empty(0))
    return torch.cat([before, torch.tensor([loss[output] for loss in losses], dtype=torch.float32)])
