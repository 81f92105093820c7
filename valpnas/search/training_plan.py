"""The training plan: how many batches each job of a search gets, and which part of the run's schedule they cover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from valpnas.contracts.protocol import Protocol


@dataclass(frozen=True)
class TrainingPlan:
    """``initial_batches`` for a start, then ``batches_per_step`` for each of ``turns`` one after the other.

    A turn is a step of a hill climbing, or a generation, whose candidates all cover the same part of the schedule.
    All else is as ``protocol`` says.
    """

    turns: int
    initial_batches: int
    batches_per_step: int
    protocol: Protocol = field(default_factory=Protocol)

    def start(self) -> Protocol:
        """Return how a start is trained."""
        return self._protocol(0, self.initial_batches)

    def turn(self, done: int) -> Protocol:
        """Return how a candidate of the turn after ``done`` turns is trained."""
        return self._protocol(self.initial_batches + done * self.batches_per_step, self.batches_per_step)

    def decays(self, done: int) -> bool:
        """Say whether the turn after ``done`` turns begins in the schedule's final decay."""
        return self.turn(done).span[0] >= self.protocol.schedule.decay_begins

    def _protocol(self, before: int, batches: int) -> Protocol:
        total = max(self.initial_batches + self.turns * self.batches_per_step, 1)
        span = (before / total, (before + batches) / total)
        return replace(self.protocol, batches=batches, span=span)
