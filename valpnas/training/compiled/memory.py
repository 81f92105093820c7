"""Memory: all that a plan needs room for, allocated once, and where everything is in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

import torch

from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.model import Model
from valpnas.graph.optimiser_groups import OptimiserGroup, optimiser_groups
from valpnas.graph.tasks import Generation
from valpnas.networks.module import ValpModule
from valpnas.training.augmenting import Augmenter
from valpnas.training.compiled.batch import Batch, Noise
from valpnas.training.compiled.layout import Key, Reached, Traits, plan_layout
from valpnas.training.compiled.lowering import lower
from valpnas.training.compiled.optimisers import age_of
from valpnas.training.compiled.parameters import Parameters
from valpnas.training.compiled.program import Program
from valpnas.training.compiled.sums import Sums
from valpnas.training.compiled.values import Values
from valpnas.training.data import TensorPart
from valpnas.training.optimisers import reached_by


class Memory:
    """Memory for ``models``, whose VALPs are equal, on the device of ``train`` and in the precision of the weights."""

    def __init__(
        self,
        models: Sequence[Model],
        train: TensorPart,
        augmentation: Augmentation,
        generators: Sequence[torch.Generator],
    ) -> None:
        """Allocate everything and copy the weights in."""
        self.models, self.train, self.valp = models, train, models[0].valp
        self.generators = generators
        device = next(iter(train.inputs.values())).device
        self.like = torch.empty(0, dtype=next(iter(models[0].weights.values())).dtype, device=device)
        with torch.device(device):
            self.module = ValpModule(self.valp)
        self.groups = optimiser_groups(self.valp)
        self.reached = [reached_by(self.valp, group) for group in self.groups]
        self.nodes = lower(self.module)
        self.outputs = {output: i for i, output in enumerate(self.valp.tasks)}
        self.heard = [vertex.name for vertex in self.valp.inputs if self.valp.arcs_from(vertex.name)]
        self._allocate(augmentation)

    def _allocate(self, augmentation: Augmentation) -> None:
        count, rows = len(self.models), min(self.valp.batch_size, len(self.train))
        sizes = {vertex.name: prod(vertex.shape) for vertex in self.valp.inputs}
        sizes |= {node.name: node.size for node in self.nodes}
        wide = frozenset(name for name, task in self.valp.tasks.items() if isinstance(task, Generation))
        traits = _traits(self.reached, self.groups, self.models)
        layout = plan_layout(self.nodes, sizes, wide, traits, apart=count > 1)
        self.parameters = Parameters(layout, sizes, traits, count)
        self.flat = self.like.new_zeros(self.parameters.size)
        self.parameters.load(self.flat, [model.weights for model in self.models])
        self.values = Values(layout, self.nodes, sizes, count, rows, self.like)
        self.batch = Batch(count, rows, self.like)
        self._gather_inputs(augmentation)
        self.program = Program(self.nodes, layout, self.parameters, self.flat, self.values)
        self.noise = Noise(self.module.latent_sizes(), rows, self.generators, self.like)
        self._make_exits()
        most = len(self.outputs) + sum(map(len, self.exits.values())) + 3 * len(self.noise.drawn)
        self.sums = Sums(count, len(self.outputs), most, self.like)

    def _make_exits(self) -> None:
        """Name the exits of each network in their order, ``exits``, and make memory for their logits."""
        self.exits: dict[str, list[str]] = {}
        shares = [each for output in self.outputs for each in self.module.loss_shares[output].exits]
        for network in dict.fromkeys(each.network for each in shares):
            inner = self.valp.specs[network].inner_exits
            assert inner is not None  # noqa: S101 - it is among the shares
            self.exits[network] = [exit_name(network, index) for index in range(len(inner.weights))]
            for name in self.exits[network]:
                self.values.beside(name, inner.classes)

    def _gather_inputs(self, augmentation: Augmentation) -> None:
        altering = [Augmenter.of(augmentation, self.valp.inputs, generator) for generator in self.generators]
        images = altering[0].names
        for vertex in self.valp.inputs:
            # An image that nothing hears is altered too, for the draws that it takes.
            if vertex.name in self.heard or vertex.name in images:
                taken = self.batch.flat(self.train.inputs[vertex.name])
                self.values.put(vertex.name, taken.mT)
        for name in images:
            self.batch.alter(self.values.forward(name).mT, self.valp.shape(name), [each.altered for each in altering])

    def moved_by(self, component: str) -> Reached:
        """Return the indices of the optimiser groups that move a component."""
        return _movers(self.reached, component)


def exit_name(network: str, index: int) -> str:
    """Return what the logits of an exit of a network are called among the values."""
    return f"{network}:exit.{index}"


def _traits(reached: Sequence[frozenset[str]], groups: Sequence[OptimiserGroup], models: Sequence[Model]) -> Traits:
    """Return the traits, which outlive the layout: were they to hold the memory, it would hold itself until garbage
    is collected, and plans would pile up over a search.
    """

    def age(tensor: str) -> Key:
        return tuple(age_of(model.optimiser.get(group.lead, {}), tensor) for group in groups for model in models)

    return Traits(partial(_movers, reached), age)


def _movers(reached: Sequence[frozenset[str]], component: str) -> Reached:
    return tuple(i for i, components in enumerate(reached) if component in components)
