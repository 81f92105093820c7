"""Plan: one training phase of one model, or of several of one shape, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from valpnas.cells.drop_path import DropPath
from valpnas.contracts.model import Model, Slots
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.training.clock import BatchClock
from valpnas.training.compiled.calls import Calls
from valpnas.training.compiled.foreign import ForeignNetwork
from valpnas.training.compiled.memory import Memory
from valpnas.training.compiled.optimisers import FlatOptimiser
from valpnas.training.compiled.tape import Replayed, Tape, cuda_graph, why_not_replayed
from valpnas.training.compiled.weighing import Weighing
from valpnas.training.optimisers import GroupOptimiser
from valpnas.training.phase import CHECK_EVERY, Outcome, batch_rows, check_losses, deadline_of, trained_model


@dataclass(frozen=True)
class GroupPass:
    """The backward pass of one optimiser group, and who then moves what it has found.

    ``foreign`` moves the weights of foreign networks; ``found`` returns their gradients in its order.
    """

    backward: Calls
    owned: FlatOptimiser
    foreign: GroupOptimiser | None
    found: Callable[[], tuple[Tensor | None, ...]]

    def step(self, factor: float) -> None:
        """Move the weights once."""
        self.owned.step(factor)
        if self.foreign:
            self.foreign.set_gradients(self.found())
            self.foreign.step(factor)


@dataclass(frozen=True)
class Plan:
    """Everything that a batch needs; made by ``compile_phase`` and good for one phase."""

    memory: Memory
    protocol: Protocol
    forward: Calls
    weighing: Weighing
    passes: Sequence[GroupPass]
    foreign: Mapping[str, ForeignNetwork]
    drop: DropPath

    @property
    def losses(self) -> Tensor:
        """The losses of the last batch, ``(outputs,)`` or ``(models, outputs)``."""
        return self.memory.sums.losses

    def value(self, component: str) -> Tensor:
        """Return what an input or sub-network emitted for the last batch, ``(rows, size)`` per model."""
        return self.memory.values.forward(component).mT

    def train(self, clock: BatchClock) -> list[Outcome]:
        """Train for all batches of the protocol and return each model, or why it failed."""
        record = torch.empty(self.protocol.batches, len(self.memory.models), len(self.memory.outputs))
        record, failed = record.to(self.losses.device), dict[int, TrainingFailedError]()
        with torch.no_grad():
            self._run(record, failed, clock)
        return [failed.get(k) or self._trained(k, record[:, k]) for k in range(len(self.memory.models))]

    def _run(self, record: Tensor, failed: dict[int, TrainingFailedError], clock: BatchClock) -> None:
        """Train, write the losses of every batch to ``record`` and the failures by model to ``failed``."""
        batches, deadline = self.protocol.batches, deadline_of(self.protocol)
        advance = self.advance(record, clock)
        for batch in range(batches):
            advance(batch)
            if (batch + 1) % CHECK_EVERY == 0 or batch + 1 == batches:
                self._look(record[: batch + 1], deadline, failed)
                if len(failed) == len(self.memory.models):
                    return

    def advance(self, record: Tensor, clock: BatchClock) -> Callable[[int], None]:
        """Return what trains on one batch after the other, the first being 0, and writes their losses to ``record``,
        ``(batches, models, outputs)``.

        ``clock`` counts what the plain engine counts; a batch that is replayed, from gathering its rows on.
        """
        memory, protocol, size = self.memory, self.protocol, self.memory.valp.batch_size
        orders = [batch_rows(len(memory.train), protocol.batches, size, each) for each in memory.generators]
        if record.is_cuda and not why_not_replayed(self):
            replayed = Replayed(Tape(self, orders, record), cuda_graph)
            return lambda batch: _timed(replayed, batch, clock, record.device)
        batches = zip(*orders, strict=True)

        def advance(batch: int) -> None:
            for model, rows in enumerate(next(batches)):
                memory.batch.set_rows(model, rows)
            self.fetch()
            with clock.running(record.device):
                self.step(protocol.progress(batch))
                record[batch].copy_(self.losses)

        return advance

    def fetch(self) -> None:
        """Gather the rows that the batch holds, and augment them."""
        for call in self.memory.batch.calls:
            call()

    def step(self, progress: float) -> None:
        """Train on the rows that were fetched, at ``progress`` of the run."""
        factor, self.drop.progress = self.protocol.schedule.factor(progress), progress
        self.differentiate()
        for each, balancers in zip(self.passes, self.weighing.balancers, strict=True):
            each.step(factor)
            for balancer in balancers:
                balancer.update(factor)

    def differentiate(self) -> None:
        """Compute losses and gradients on the rows fetched: every group follows that at the same weights."""
        for call in self.forward:
            call()
        self.weighing.follow()
        for each in self.passes:
            for call in each.backward:
                call()

    def gradients(self, each: GroupPass, model: int) -> dict[str, Tensor]:
        """Return what a group follows at the weights of the last batch, by the names of the owned tensors."""
        found = self.memory.parameters.read(each.owned.gradient, model)
        return {name: found[name] for name in each.owned.tensors}

    def _look(self, record: Tensor, deadline: float, failed: dict[int, TrainingFailedError]) -> None:
        for k, model in enumerate(self.memory.models):
            if k not in failed:
                try:
                    check_losses(model, record[:, k], deadline, self.protocol)
                except TrainingFailedError as error:  # of this model: those beside it go on
                    failed[k] = error

    def _trained(self, k: int, record: Tensor) -> Model:
        foreign = {f"networks.{c}.{name}": p for c, n in self.foreign.items() for name, p in n.parameters.items()}
        buffers = {f"networks.{c}.{name}": b for c, n in self.foreign.items() for name, b in n.buffers.items()}
        weights = {**self.memory.parameters.read(self.memory.flat, k), **foreign}
        model = self.memory.models[k]
        return trained_model(
            model,
            weights={name: weights[name] for name in model.weights},
            buffers={name: buffers.get(name, kept) for name, kept in model.buffers.items()},  # formulas change none
            optimiser={each.owned.group.lead: self._state(each, k) for each in self.passes},
            balancer={o: slots for each in self.weighing.balancers for o, slots in each[k].state().items()},
            record=record,
        )

    def _state(self, each: GroupPass, k: int) -> dict[str, Slots]:
        return {**each.owned.state(k), **(each.foreign.state() if each.foreign else {})}


def _timed(advance: Callable[[int], None], batch: int, clock: BatchClock, device: torch.device) -> None:
    with clock.running(device):
        advance(batch)
