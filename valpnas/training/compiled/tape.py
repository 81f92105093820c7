"""Tape: what the batches of a phase differ by, laid out on the device, so that one step can be repeated as it is.

A counter on the device says which batch is next: its rows and its learning rate are taken from there, its losses are
put there, and nothing is handed over or read back between batches. A GPU can then be told once what a batch is, as a
CUDA graph, and to do it again: launching the many small kernels of a batch takes longer than their work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from valpnas.training.compiled.plan import Plan

WARM = 3  # batches that are not replayed: libraries allocate and choose kernels in the first ones

Replay = Callable[[], object]
Capture = Callable[["Tape"], Replay]


class Tape:
    """The rows, rates and losses of every batch, and the step that goes through them."""

    def __init__(self, plan: Plan, orders: Sequence[Iterator[Tensor]], record: Tensor) -> None:
        """Lay everything out but the rows, which ``lay`` draws epoch by epoch: noise is drawn in between.

        Args:
            plan: what is run.
            orders: for each model the rows ``(batch,)`` of every batch.
            record: where the losses go, ``(batches, models, outputs)``.
        """
        self.plan, self._orders, self._record, device = plan, orders, record, record.device
        self._rows = torch.zeros(len(record), len(plan.memory.batch.rows), dtype=torch.int64, device=device)
        self._epoch = len(plan.memory.train) // plan.memory.batch.size
        protocol, batches = plan.protocol, len(record)
        factors = [protocol.schedule.factor(protocol.progress(batch)) for batch in range(batches)]
        self._factors = torch.tensor(factors, dtype=torch.float32, device=device)
        self._next = torch.zeros(1, dtype=torch.int64, device=device)
        self._factor = torch.zeros(1, device=device)

    def lay(self, batch: int) -> None:
        """Draw the rows of an epoch if the ``batch``-th batch begins one."""
        if batch % self._epoch == 0:
            drawn = zip(*(islice(order, self._epoch) for order in self._orders), strict=True)
            rows = torch.stack([torch.cat(those) for those in drawn])
            self._rows[batch : batch + len(rows)].copy_(rows)

    @torch.no_grad()
    def step(self) -> None:
        """Train on the next batch."""
        plan = self.plan
        torch.index_select(self._rows, 0, self._next, out=plan.memory.batch.rows.view(1, -1))
        torch.index_select(self._factors, 0, self._next, out=self._factor)
        plan.fetch()
        plan.differentiate()
        for each in plan.passes:
            each.owned.step(self._factor[0])
        self._record.index_copy_(0, self._next, plan.losses.view(1, *self._record.shape[1:]))
        self._next.add_(1)


class Replayed:
    """Goes through a tape: its first batches as they are, all others as replays of one that is captured."""

    def __init__(self, tape: Tape, capture: Capture) -> None:
        """Take what captures a step; it is asked once."""
        self._tape, self._capture = tape, capture
        self._replay: Replay | None = None

    def __call__(self, batch: int) -> None:
        """Train on the next batch, which is the ``batch``-th."""
        self._tape.lay(batch)
        if batch < WARM:
            self._tape.step()
            return
        if self._replay is None:
            self._replay = self._capture(self._tape)
        self._replay()


def cuda_graph(tape: Tape) -> Replay:
    """Capture one step, which is not carried out by that, and return what carries it out."""
    graph = torch.cuda.CUDAGraph()
    for generator in tape.plan.memory.generators:  # else a replay would draw the same noise again
        graph.register_generator_state(generator)
    # Jobs beside this one, on threads of their own, may allocate meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        tape.step()
    replay: Replay = graph.replay
    return replay


def why_not_replayed(plan: Plan) -> str:
    """Return why a batch of ``plan`` cannot be repeated as it is; empty when it can."""
    if plan.foreign:
        return "networks that run through autograd"
    if not plan.weighing.plain:
        return "loss balancing"
    return "altered images" if plan.protocol.augmentation else ""
