"""compile_phase: from models, data and losses to a plan."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from math import prod

import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.contracts.network_kind import DecoderModule
from valpnas.graph.optimiser_groups import optimiser_groups
from valpnas.graph.tasks import Generation
from valpnas.networks.module import ValpModule, prefix_of
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.compiled.batch import Batch, Noise
from valpnas.training.compiled.calls import Calls, partial
from valpnas.training.compiled.foreign import ForeignNetwork
from valpnas.training.compiled.heads import Head, plan_loss
from valpnas.training.compiled.latents import Divergence, Draw, plan_divergence
from valpnas.training.compiled.layout import Key, Reached, Traits, plan_layout
from valpnas.training.compiled.lowering import lower
from valpnas.training.compiled.nodes import Affine, Foreign, Latent
from valpnas.training.compiled.optimisers import FlatOptimiser, age_of
from valpnas.training.compiled.parameters import Parameters
from valpnas.training.compiled.plan import GroupPass, Plan
from valpnas.training.compiled.program import Program
from valpnas.training.compiled.sums import Sums
from valpnas.training.compiled.values import Values
from valpnas.training.compiled.weighing import Weighing
from valpnas.training.data import TensorPart
from valpnas.training.objectives import Losses
from valpnas.training.optimisers import GroupOptimiser, reached_by

_log = logging.getLogger(__name__)


def compile_phase(
    models: Sequence[Model],
    train: TensorPart,
    losses: Losses,
    balancer: Balancer,
    generators: Sequence[torch.Generator],
) -> Plan:
    """Return the plan of a training phase on the rows ``train``, on the device where they are.

    Args:
        models: those to train side by side; they are not altered, and their VALPs are equal.
        train: the training rows.
        losses: what is trained.
        balancer: one that is not ``through_networks``.
        generators: the random stream of each model.

    Raises:
        ValueError: models of different VALPs, or several with networks of kinds that only autograd knows.
    """
    if any(model.valp != models[0].valp for model in models):
        raise ValueError("expected models of equal VALPs, got different ones; compile a plan for each")
    return _Compiler(models, train, losses, balancer, generators).plan()


class _Compiler:
    def __init__(
        self,
        models: Sequence[Model],
        train: TensorPart,
        losses: Losses,
        balancer: Balancer,
        generators: Sequence[torch.Generator],
    ) -> None:
        self._models, self._part, self._losses, self._generators = models, train, losses, generators
        self._balancer, self._valp = balancer, models[0].valp
        device = next(iter(train.inputs.values())).device
        self._like = torch.empty(0, dtype=next(iter(models[0].weights.values())).dtype, device=device)
        with torch.device(device):
            self._module = ValpModule(self._valp)
        self._groups = optimiser_groups(self._valp)
        self._reached = [reached_by(self._valp, group) for group in self._groups]
        self._nodes = lower(self._module)
        self._index = {output: i for i, output in enumerate(self._valp.tasks)}
        self._heard = [i.name for i in self._valp.inputs if self._valp.arcs_from(i.name)]
        self._memory()

    def _memory(self) -> None:
        count, size = len(self._models), min(self._valp.batch_size, len(self._part))
        sizes = {vertex.name: prod(vertex.shape) for vertex in self._valp.inputs}
        sizes |= {node.name: node.size for node in self._nodes}
        wide = frozenset(name for name, task in self._valp.tasks.items() if isinstance(task, Generation))
        traits = Traits(self._moved_by, self._age)
        layout = plan_layout(self._nodes, sizes, wide, traits, apart=count > 1)
        self._parameters = Parameters(layout, sizes, traits, count)
        self._flat = self._like.new_zeros(self._parameters.size)
        self._parameters.load(self._flat, [model.weights for model in self._models])
        self._values = Values(layout, self._nodes, sizes, count, size, self._like)
        self._batch = Batch(count, size, self._like)
        for name in self._heard:
            self._values.put(name, self._batch.flat(self._part.inputs[name]).mT)
        self._program = Program(self._nodes, layout, self._parameters, self._flat, self._values)
        self._noise = Noise(self._module.latent_sizes(), size, list(self._generators), self._like)
        self._sums = Sums(count, len(self._index), len(self._index) + 3 * len(self._noise.drawn), self._like)
        balancers = [
            [self._balancer.begin(group, self._module, model.balancer) for model in self._models]
            for group in self._groups
        ]
        places = [[self._index[output] for output in group.outputs] for group in self._groups]
        self._weighing = Weighing(balancers, places, self._sums.losses, self._balancer.plain_sum)

    def plan(self) -> Plan:
        heads = {name: plan_loss(self._head(name), self._values, self._batch, self._sums) for name in self._index}
        forward = [*self._batch.calls, *self._noise.calls]
        forward += self._program.forward(self._heard, self._special_forward)
        forward += [call for head in heads.values() for call in head.loss]
        forward += self._sums.combine()
        passes = [self._pass(i, {o: heads[o].gradient for o in g.outputs}) for i, g in enumerate(self._groups)]
        return Plan(
            self._models, self._generators, len(self._part), self._batch, self._values, forward, self._sums.losses,
            self._weighing, passes, self._parameters, self._flat, self._foreign,
        )  # fmt: skip

    def _head(self, name: str) -> Head:
        return Head(
            name, self._index[name], self._valp.tasks[name], self._part.targets[name], self._losses.scales[name]
        )

    def _moved_by(self, component: str) -> Reached:
        return tuple(i for i, reached in enumerate(self._reached) if component in reached)

    def _age(self, tensor: str) -> Key:
        return tuple(age_of(m.optimiser.get(g.lead, {}), tensor) for g in self._groups for m in self._models)

    # -- draws, divergences and foreign networks ----------------------------------------------------

    @cached_property
    def _draws(self) -> dict[str, Draw]:
        found = {}
        for node in self._nodes:
            if isinstance(node, Latent):
                mean, raw = self._values.forward(node.mean), self._values.forward(node.log_variance)
                noise, latent = self._noise.drawn[node.component].mT, self._values.forward(node.name)
                found[node.component] = Draw(mean, raw, noise, latent)
        return found

    @cached_property
    def _foreign(self) -> dict[str, ForeignNetwork]:
        names = [node.name for node in self._nodes if isinstance(node, Foreign)]
        if names and len(self._models) > 1:
            raise ValueError(f"expected networks with formulas, got {', '.join(names)}; compile each model alone")
        if names:
            kinds = sorted({self._valp.specs[name].kind for name in names})
            _log.info("%s of kind %s: trained through autograd", ", ".join(names), ", ".join(kinds))
        return {name: self._foreign_network(name) for name in names}

    def _foreign_network(self, name: str) -> ForeignNetwork:
        module, prefix = self._module.networks[name], prefix_of(self._valp, name)
        tensors = {**self._models[0].weights, **self._models[0].buffers}
        state = {
            key.removeprefix(prefix): tensor.to(self._like.device, copy=True)
            for key, tensor in tensors.items()
            if key.startswith(prefix)
        }
        module.load_state_dict(state, assign=True)
        module.requires_grad_(True).train()
        sources = {source: self._valp.shape(source) for source in self._valp.sources(name)}
        inputs = frozenset(vertex.name for vertex in self._valp.inputs)
        return ForeignNetwork(name, module, sources, inputs, self._values, self._noise.drawn.get(name))

    @cached_property
    def _divergences(self) -> dict[str, Divergence]:
        found = {}
        for decoder, shares in self._divergence_shares(tuple(self._index)).items():
            source = self._draws.get(decoder) or self._foreign[decoder]
            found[decoder] = plan_divergence(source.mean, source.log_variance, shares, self._sums)
        return found

    def _divergence_shares(self, outputs: Sequence[str]) -> dict[str, dict[int, float]]:
        """Return, for each decoder that an output is drawn from, what its divergence adds to each loss."""
        found: dict[str, dict[int, float]] = {}
        for output in outputs:
            if isinstance(task := self._valp.tasks[output], Generation):
                share = 1 / (self._losses.scales[output] * self._batch.size * task.width)
                for decoder in self._module.last_decoders[output]:
                    found.setdefault(decoder, {})[self._index[output]] = share
        return found

    @cached_property
    def _special_forward(self) -> dict[str, Calls]:
        found: dict[str, Calls] = {}
        for node in self._nodes:
            if isinstance(node, Affine):
                continue
            calls = self._draws[node.component].forward if isinstance(node, Latent) else [
                self._foreign[node.name].forward]  # fmt: skip
            divergence = self._divergences.get(node.component)
            found[node.name] = [*calls, *(divergence.calls if divergence else [])]
        return found

    # -- backward -----------------------------------------------------------------------------------

    def _pass(self, index: int, heads: dict[str, Calls]) -> GroupPass:
        group, reached = self._groups[index], self._reached[index]
        owned = FlatOptimiser(index, group, self._parameters, self._flat, self._models)
        calls: Calls = [self._values.gradients.zero_]
        for output, gradient in heads.items():
            calls += gradient
            calls += self._weighing.scale(self._index[output], self._values.gradient(output))
        special = self._special_backward(index)
        calls += self._program.backward(index, owned.gradient, reached, self._heard, special)
        components = frozenset(self._foreign) & reached
        if not components:
            return GroupPass(calls, owned, None, tuple)
        state = self._models[0].optimiser.get(group.lead, {})
        foreign = GroupOptimiser(group, self._module, state, components)
        names = list(foreign.named)

        def found() -> tuple[Tensor | None, ...]:
            gradients = {
                prefix_of(self._valp, c) + name: gradient
                for c in components
                for name, gradient in self._foreign[c].gradients[index].items()
            }
            return tuple(gradients[name] for name in names)

        return GroupPass(calls, owned, foreign, found)

    def _special_backward(self, index: int) -> dict[str, Calls]:
        shares = self._divergence_shares(self._groups[index].outputs)
        found: dict[str, Calls] = {}
        for node in self._nodes:
            if isinstance(node, Affine) or node.component not in self._reached[index]:
                continue
            parts = shares.get(node.component)
            share = self._weighing.share(parts) if parts else None
            divergence = self._divergences[node.component] if parts else None
            if isinstance(node, Latent):
                gradients = [self._values.gradient(name) for name in (node.name, node.mean, node.log_variance)]
                found[node.name] = self._draws[node.component].backward(*gradients, divergence, share)
            else:
                last = index == self._moved_by(node.component)[-1]
                found[node.name] = [partial(self._foreign[node.name].backward, index, divergence, share, last)]
        return found
