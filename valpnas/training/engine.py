"""The training engine: what a training phase promises, and the plain one that does it with eager autograd."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from valpnas.cells.drop_path import DropPath
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.graph.optimiser_groups import optimiser_groups
from valpnas.networks.module import ValpModule
from valpnas.seeding import torch_stream
from valpnas.training.augmenting import Augmenter
from valpnas.training.balancing.balancer import Balancer, GroupBalancer
from valpnas.training.balancing.fixed import Sum
from valpnas.training.clock import BatchClock
from valpnas.training.data import Prepared
from valpnas.training.objectives import Losses
from valpnas.training.optimisers import GroupOptimiser
from valpnas.training.phase import (
    CHECK_EVERY,
    Outcome,
    batch_rows,
    check_balance,
    check_losses,
    deadline_of,
    trained_model,
)

PRECISIONS = ("float32", "bfloat16")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Engine(ABC):
    """Trains a model for one job. Given equal arguments on a CPU, the result is equal bit for bit.

    ``balancer`` says how the losses of an optimiser group become what its optimiser follows. The histories, and with
    them diagnostics, hold the losses themselves whatever the balancing. ``say`` is told what an engine cannot do in its
    own way. ``precision`` is one of ``PRECISIONS``: ``bfloat16`` allows that for products of networks of cells, where
    an engine can.
    """

    balancer: Balancer = field(default_factory=Sum)
    say: Callable[[str], None] = _log.info
    precision: str = "float32"

    @abstractmethod
    def train(
        self,
        model: Model,
        prepared: Prepared,
        losses: Losses,
        protocol: Protocol,
        rng: np.random.Generator,
        clock: BatchClock | None = None,
    ) -> Model:
        """Return ``model`` trained for ``protocol.batches`` batches; the argument is not altered.

        ``clock`` counts the seconds of the batches. ``protocol.select`` is of no matter here: the state is the last.

        Raises:
            TrainingFailedError: the losses stopped being finite, the time limit passed, or the balancer cannot
                balance this model's outputs.
        """

    def stacks(self, models: Sequence[Model]) -> list[list[int]]:
        """Return the indices of ``models`` by what this engine trains in one go; here, each alone."""
        return [[index] for index in range(len(models))]

    def train_side_by_side(
        self,
        models: Sequence[Model],
        prepared: Prepared,
        losses: Losses,
        protocol: Protocol,
        rngs: Sequence[np.random.Generator],
        clock: BatchClock | None = None,
    ) -> list[Outcome]:
        """Train models as ``train`` does each alone, with a random stream each; return each, or why it failed."""
        outcomes: list[Outcome] = []
        for model, rng in zip(models, rngs, strict=True):
            try:
                outcomes.append(self.train(model, prepared, losses, protocol, rng, clock))
            except TrainingFailedError as error:  # of this model: the others are trained
                outcomes.append(error)
        return outcomes


class PlainEngine(Engine):
    """Eager PyTorch: the reference that every faster engine must agree with."""

    def train(
        self,
        model: Model,
        prepared: Prepared,
        losses: Losses,
        protocol: Protocol,
        rng: np.random.Generator,
        clock: BatchClock | None = None,
    ) -> Model:
        """Train with one optimiser per group, and one backward pass where there is one group."""
        check_balance(self.balancer, model)
        phase = _Phase(model, prepared, losses, self.balancer, protocol, torch_stream(rng, str(prepared.device)))
        record = torch.empty(protocol.batches, len(model.valp.outputs), device=prepared.device)
        deadline, clock = deadline_of(protocol), clock or BatchClock()
        orders = batch_rows(len(prepared.train), protocol.batches, model.valp.batch_size, phase.generator)
        for batch, rows in enumerate(orders):
            inputs, targets = phase.fetched(rows)
            with clock.running(prepared.device):  # neither gathering rows nor augmenting them is training (facts B10)
                record[batch] = phase.step(inputs, targets, protocol.progress(batch))
            if (batch + 1) % CHECK_EVERY == 0 or batch + 1 == protocol.batches:
                check_losses(model, record[: batch + 1], deadline, protocol)
        return phase.finish(model, record)


class _Phase:
    """A module in training: its optimisers and what balances the losses of each, and one step of them."""

    def __init__(
        self,
        model: Model,
        prepared: Prepared,
        losses: Losses,
        balancer: Balancer,
        protocol: Protocol,
        generator: torch.Generator,
    ) -> None:
        self.part, self.schedule, self.generator = prepared.train, protocol.schedule, generator
        smoothing = protocol.label_smoothing
        self.losses = replace(losses, label_smoothing=smoothing) if smoothing else losses
        self.augment = Augmenter.of(protocol.augmentation, model.valp.inputs, generator)
        self.drop = DropPath(protocol.drop_path, generator)
        self.module = ValpModule(model.valp)
        state = {
            name: tensor.to(prepared.device, copy=True) for name, tensor in {**model.weights, **model.buffers}.items()
        }
        self.module.load_state_dict(state, assign=True)
        self.module.requires_grad_(True).train()
        self.module.drop_paths(self.drop)
        self.latents = self.module.latent_sizes()
        groups = optimiser_groups(model.valp)
        self.optimisers = [GroupOptimiser(g, self.module, model.optimiser.get(g.lead, {})) for g in groups]
        self.balancers = [balancer.begin(g, self.module, model.balancer) for g in groups]

    def fetched(self, rows: Tensor) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """Return the inputs of a batch, augmented, and its targets."""
        inputs = self.augment({name: value[rows] for name, value in self.part.inputs.items()})
        return inputs, {name: value[rows] for name, value in self.part.targets.items()}

    def step(self, inputs: Mapping[str, Tensor], targets: Mapping[str, Tensor], progress: float) -> Tensor:
        """Train on one batch at ``progress`` of the run and return the losses, ``(outputs,)``."""
        factor, self.drop.progress = self.schedule.factor(progress), progress
        some = next(iter(inputs.values()))
        noise = {
            d: torch.randn(len(some), k, generator=self.generator, device=some.device) for d, k in self.latents.items()
        }
        losses = self.losses(self.module, self.module(inputs, noise), targets)
        # All gradients before any step: every group follows the gradient at the same weights.
        pairs = list(zip(self.optimisers, self.balancers, strict=True))
        gradients = [self._gradients(optimiser, balancer, losses) for optimiser, balancer in pairs]
        for (optimiser, balancer), gradient in zip(pairs, gradients, strict=True):
            optimiser.set_gradients(gradient)
            optimiser.step(factor)
            balancer.update(factor)
        return torch.stack([loss.detach() for loss in losses.values()])

    def _gradients(
        self, optimiser: GroupOptimiser, balancer: GroupBalancer, losses: dict[str, Tensor]
    ) -> tuple[Tensor | None, ...]:
        total = balancer.total(torch.stack([losses[output] for output in optimiser.group.outputs]))
        keep = len(self.optimisers) > 1
        return torch.autograd.grad(total, optimiser.parameters, retain_graph=keep, allow_unused=True)

    def finish(self, model: Model, record: Tensor) -> Model:
        """Return the trained model with its state, on the CPU."""
        return trained_model(
            model,
            weights=dict(self.module.named_parameters()),
            buffers=dict(self.module.named_buffers()),
            optimiser={o.group.lead: o.state() for o in self.optimisers},
            balancer={output: slots for b in self.balancers for output, slots in b.state().items()},
            record=record,
        )


def batches_per_epoch(rows: int, batch_size: int) -> int:
    """Return the batches of an epoch; the rows of an incomplete last one wait for the next epoch's draw."""
    return rows // min(batch_size, rows)
