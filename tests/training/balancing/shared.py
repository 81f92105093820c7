"""Models whose outputs share a trunk or nothing, and short ways to train them under a balancing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from tests.operators import cases
from tests.training.toy_data import losses_of, prepared_for, with_algorithm
from valpnas.contracts.model import Model, Slots
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.optimiser_groups import optimiser_groups
from valpnas.graph.valp import Valp
from valpnas.networks.module import fresh_model, load_module
from valpnas.seeding import stream
from valpnas.training.balancing.balancer import Balancer, GroupBalancer
from valpnas.training.data import Prepared
from valpnas.training.engine import PlainEngine
from valpnas.training.objectives import Losses

TASKS = {"kind": cases.CLASS, "number": cases.NUMBER}
NETWORKS = {"trunk": cases.dense(4, 8), "a": cases.dense(), "b": cases.dense()}
SHARED = cases.graph(NETWORKS, TASKS, "x>trunk trunk>a trunk>b a>kind b>number")
APART = cases.graph({name: NETWORKS[name] for name in "ab"}, TASKS, "x>a x>b a>kind b>number")


def problem_and_model(valp: Valp = SHARED, algorithm: str = "adam", rate: float = 3e-3) -> tuple[Prepared, Model]:
    """Return data for ``valp``, whose batches hold every training row, and an untrained model of it."""
    model = with_algorithm(fresh_model(replace(valp, batch_size=512), stream(1, "balancing")), algorithm, rate)
    return prepared_for(valp, seed=0), model


def trained(model: Model, prepared: Prepared, balancer: Balancer, batches: int, losses: Losses | None = None) -> Model:
    """Return ``model`` trained at a constant learning rate."""
    protocol = Protocol(batches, Schedule("constant"), (0.0, 1.0))
    rng = stream(0, "balancing test")
    return PlainEngine(balancer).train(model, prepared, losses or losses_of(prepared), protocol, rng)


def begun(balancer: Balancer, model: Model, state: Mapping[str, Slots] | None = None) -> GroupBalancer:
    """Return the balancing of the model's first group."""
    return balancer.begin(optimiser_groups(model.valp)[0], load_module(model), state or {})


def gradients(model: Model, prepared: Prepared, losses: Losses, weights: Mapping[str, float]) -> dict[str, Tensor]:
    """Return the gradient of the hand-written sum of weighted losses over the training rows, by tensor."""
    module = load_module(model)
    part = prepared.train
    found = losses(module, module(part.inputs), part.targets)
    total = sum((weight * found[output] for output, weight in weights.items()), torch.zeros(()))
    names, tensors = zip(*module.named_parameters(), strict=True)
    parts = torch.autograd.grad(total, tensors, materialize_grads=True)
    return dict(zip(names, parts, strict=True))
