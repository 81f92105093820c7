"""compile_phase: from models, data and losses to a plan."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from valpnas.cells.drop_path import DropPath
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.networks.module import prefix_of
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.compiled.calls import Calls
from valpnas.training.compiled.heads import Head, PlannedLoss, plan_loss
from valpnas.training.compiled.memory import Memory, exit_name
from valpnas.training.compiled.optimisers import FlatOptimiser
from valpnas.training.compiled.plan import GroupPass, Plan
from valpnas.training.compiled.special import Special
from valpnas.training.compiled.tape import why_not_replayed
from valpnas.training.compiled.weighing import Weighing
from valpnas.training.data import TensorPart
from valpnas.training.objectives import Losses
from valpnas.training.optimisers import GroupOptimiser

_log = logging.getLogger(__name__)


def compile_phase(
    models: Sequence[Model],
    train: TensorPart,
    losses: Losses,
    balancer: Balancer,
    protocol: Protocol,
    generators: Sequence[torch.Generator],
    say: Callable[[str], None] = _log.info,
    precision: str = "float32",
) -> Plan:
    """Return the plan of a training phase on the rows ``train``, on the device where they are.

    Args:
        models: those to train side by side; they are not altered, and their VALPs are equal.
        train: the training rows.
        losses: what is trained.
        balancer: one that is not ``through_networks``.
        protocol: how to train.
        generators: the random stream of each model.
        say: is told of networks that run through autograd, and on a GPU of what keeps batches from being replayed.
        precision: ``bfloat16`` has products of networks that run through autograd computed so.

    Raises:
        ValueError: models of different VALPs, or several with networks of kinds that only autograd knows.
    """
    if any(model.valp != models[0].valp for model in models):
        raise ValueError("expected models of equal VALPs, got different ones; compile a plan for each")
    memory = Memory(models, train, protocol.augmentation, generators)
    weighing = _weighing(memory, balancer)
    special = Special(memory, losses, weighing, precision)
    if kinds := sorted({memory.valp.specs[name].kind for name in special.foreign}):
        say(f"networks of kind {' and '.join(kinds)} are trained through autograd")
    drop = DropPath(protocol.drop_path, generators[0])
    memory.module.drop_paths(drop)
    heads = {name: _planned_losses(memory, losses, protocol, name) for name in memory.outputs}
    forward = [*memory.noise.calls]
    forward += memory.program.forward(memory.heard, special.forward())
    forward += [call for parts in heads.values() for each in parts.values() for call in each.loss]
    forward += memory.sums.combine()
    passes = [_group_pass(memory, weighing, special, heads, index) for index in range(len(memory.groups))]
    plan = Plan(memory, protocol, forward, weighing, passes, special.foreign, drop)
    if memory.like.is_cuda and (why := why_not_replayed(plan)):
        say(f"batches are launched call by call and not as a CUDA graph: {why}")
    return plan


def _weighing(memory: Memory, balancer: Balancer) -> Weighing:
    begun = [[balancer.begin(g, memory.module, model.balancer) for model in memory.models] for g in memory.groups]
    places = [[memory.outputs[output] for output in group.outputs] for group in memory.groups]
    return Weighing(begun, places, memory.sums.losses, balancer.plain_sum)


def _planned_losses(memory: Memory, losses: Losses, protocol: Protocol, name: str) -> dict[str, PlannedLoss]:
    """Return the losses of an output's head and of the exits that answer it, by what their logits are called.

    All add up in the loss of the output: a weight is part of the scale.
    """
    task, targets, index = memory.valp.tasks[name], memory.train.targets[name], memory.outputs[name]
    shares = memory.module.loss_shares[name]
    weights = {name: shares.head, **{exit_name(each.network, each.index): each.weight for each in shares.exits}}
    heads = [
        Head(part, index, task, targets, losses.scales[name] / weight, protocol.label_smoothing)
        for part, weight in weights.items()
    ]
    return {head.name: plan_loss(head, memory.values, memory.batch, memory.sums) for head in heads}


def _group_pass(
    memory: Memory, weighing: Weighing, special: Special, heads: dict[str, dict[str, PlannedLoss]], index: int
) -> GroupPass:
    group, reached = memory.groups[index], memory.reached[index]
    owned = FlatOptimiser(index, group, memory.parameters, memory.flat, memory.models)
    calls: Calls = []
    for output in group.outputs:
        for part, planned in heads[output].items():
            calls += planned.gradient
            calls += weighing.scale(memory.outputs[output], memory.values.gradient(part))
    calls += memory.program.backward(index, owned.gradient, reached, memory.heard, special.backward(index))
    components = reached & {name for name, network in special.foreign.items() if network.parameters}
    if not components:
        return GroupPass(calls, owned, None, tuple)
    foreign = GroupOptimiser(group, memory.module, memory.models[0].optimiser.get(group.lead, {}), components)
    return GroupPass(calls, owned, foreign, _foreign_gradients(memory, special, index, list(foreign.named)))


def _foreign_gradients(
    memory: Memory, special: Special, index: int, names: Sequence[str]
) -> Callable[[], tuple[Tensor | None, ...]]:
    """Return what hands over the gradients of foreign weights, in the order of their ``names``."""
    places = {
        prefix_of(memory.valp, component) + name: (network, name)
        for component, network in special.foreign.items()
        for name in network.parameters
    }
    wanted = [places[name] for name in names]
    return lambda: tuple(network.gradients[index][name] for network, name in wanted)
