"""Both engines on one model, gradients by autograd and by plan, and how near they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.optimiser_groups import optimiser_groups
from valpnas.graph.valp import Valp
from valpnas.networks.module import fresh_model, load_module
from valpnas.seeding import stream
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Sum
from valpnas.training.compiled.compile import compile_phase
from valpnas.training.compiled.engine import CompiledEngine
from valpnas.training.compiled.plan import GroupPass, Plan
from valpnas.training.data import Prepared
from valpnas.training.engine import PlainEngine
from valpnas.training.objectives import Losses
from valpnas.training.optimisers import GroupOptimiser

ByGroup = dict[str, dict[str, Tensor]]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
NOISE = 7  # seed


def model_of(valp: Valp, seed: int, dtype: torch.dtype = torch.float32) -> Model:
    """Return a model of ``valp`` whose biases are not zero."""
    model, generator = fresh_model(valp, stream(seed, "compiled")), torch.Generator().manual_seed(seed)
    weights = {name: w + 0.1 * torch.randn(w.shape, generator=generator) for name, w in model.weights.items()}
    buffers = {name: buffer.to(dtype) for name, buffer in model.buffers.items()}
    return replace(model, weights={name: weight.to(dtype) for name, weight in weights.items()}, buffers=buffers)


def compiled(
    model: Model, prepared: Prepared, losses: Losses, rows: Tensor, balancer: Balancer | None = None
) -> tuple[Plan, ByGroup]:
    """Return a plan that holds ``rows``, and the gradients it computes, by group and tensor."""
    generators = [torch.Generator().manual_seed(NOISE)]
    plan = compile_phase([model], prepared.train, losses, balancer or Sum(), Protocol(), generators)
    plan.memory.batch.set_rows(0, rows)
    with torch.no_grad():
        plan.fetch()
        plan.differentiate()
    return plan, {each.owned.group.lead: {**plan.gradients(each, 0), **_foreign(each)} for each in plan.passes}


def _foreign(each: GroupPass) -> dict[str, Tensor]:
    """Return the gradients of networks that run through autograd; zeros where there is none."""
    if each.foreign is None:
        return {}
    pairs = zip(each.foreign.named.items(), each.found(), strict=True)
    return {name: torch.zeros_like(weight) if gradient is None else gradient for (name, weight), gradient in pairs}


def eager(
    model: Model, prepared: Prepared, losses: Losses, rows: Tensor, balancer: Balancer | None = None
) -> tuple[Tensor, ByGroup]:
    """Return the losses, ``(outputs,)``, and the gradients by autograd, by group and tensor."""
    module, dtype = load_module(model).train(), next(iter(model.weights.values())).dtype
    inputs = {name: value[rows].to(dtype) for name, value in prepared.train.inputs.items()}
    targets = {name: value[rows] for name, value in prepared.train.targets.items()}
    targets = {name: value.to(dtype) if value.is_floating_point() else value for name, value in targets.items()}
    generator = torch.Generator().manual_seed(NOISE)
    latents = module.latent_sizes()
    noise = {d: torch.randn(len(rows), k, generator=generator).to(dtype) for d, k in latents.items()}
    found = losses(module, module(inputs, noise), targets)
    gradients: ByGroup = {}
    for group in optimiser_groups(model.valp):
        optimiser = GroupOptimiser(group, module, {})
        begun = (balancer or Sum()).begin(group, module, model.balancer)
        total = begun.total(torch.stack([found[output] for output in group.outputs]))
        parts = torch.autograd.grad(total, optimiser.parameters, retain_graph=True, materialize_grads=True)
        gradients[group.lead] = dict(zip(optimiser.named, parts, strict=True))
    return torch.stack(list(found.values())).detach(), gradients


def assert_close(one: ByGroup, other: ByGroup, dtype: torch.dtype) -> None:
    """Compare gradients: in float64 each tensor by its own largest entry, in float32 by that of all.

    A bias's gradient is a sum of numbers that may cancel; in float32 it has then lost digits under either engine.
    """
    tolerance, floor = TOLERANCE[dtype], 1e-3 if dtype == torch.float64 else 1.0
    assert set(one) == set(other)
    for lead, gradients in other.items():
        assert set(one[lead]) == set(gradients)
        least = floor * max(float(gradient.abs().max()) for gradient in gradients.values())
        for name, gradient in gradients.items():
            error = float((one[lead][name] - gradient).abs().max())
            assert error <= tolerance * max(float(gradient.abs().max()), least), (lead, name)


def trained(
    model: Model,
    prepared: Prepared,
    losses: Losses,
    batches: int,
    balancer: Balancer | None = None,
    **more: Any,
) -> tuple[Model, Model]:
    """Return the model trained by the plain and by the compiled engine; ``more`` of the protocol."""
    protocol = Protocol(batches, Schedule("linear"), (0.0, 1.0), **more)
    engines = PlainEngine(balancer or Sum()), CompiledEngine(balancer or Sum())
    plain, planned = (
        engine.train(model, prepared, losses, protocol, stream(0, "compiled")) for engine in engines
    )  # fmt: skip
    return plain, planned


def assert_same(plain: Model, planned: Model, tolerance: float = 1e-3) -> None:
    """Compare everything that training leaves: weights, state, losses to ``tolerance``, counts exactly."""
    assert list(plain.weights) == list(planned.weights)
    assert (plain.batches, plain.ages) == (planned.batches, planned.ages)
    _near(plain.weights, planned.weights, tolerance)
    _near(plain.buffers, planned.buffers, tolerance)
    _near(plain.histories, planned.histories, tolerance)
    for one, other in ((plain.optimiser, planned.optimiser), ({"": plain.balancer}, {"": planned.balancer})):
        assert set(one) == set(other)
        for lead, state in one.items():
            assert set(state) == set(other[lead])
            for name, slots in state.items():
                _near(slots, other[lead][name], tolerance)


def _near(one: Mapping[str, Tensor], other: Mapping[str, Tensor], tolerance: float) -> None:
    assert set(one) == set(other)
    for name, value in one.items():
        assert (value.shape, value.dtype, value.device) == (
            other[name].shape, other[name].dtype, other[name].device)  # fmt: skip
        largest = max(float(value.abs().max()), 1e-3) if value.numel() else 0.0
        assert float((value - other[name]).abs().max()) <= tolerance * largest, name
