"""Protocol: how a job is trained - for how long, at which rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import cos, pi
from typing import Any

from valpnas.errors import ConfigError, UnknownNameError

SCHEDULES = ("constant", "linear", "cosine")


@dataclass(frozen=True)
class Schedule:
    """How the learning rate falls over a run: ``constant``, ``linear`` (to zero, in the ``final`` part), ``cosine``.

    Progress is that of the whole run, not of one job, so that a search of many short jobs ends with one decay.
    """

    name: str = "linear"
    final: float = 0.3

    def __post_init__(self) -> None:
        """Raise ``UnknownNameError`` for an unknown schedule, ``ConfigError`` for a final part outside (0, 1]."""
        if self.name not in SCHEDULES:
            raise UnknownNameError("schedule", self.name, SCHEDULES)
        if not 0 < self.final <= 1:
            raise ConfigError(f"final_decay: expected a part of the run in (0, 1], got {self.final}; 1 is all of it")

    def factor(self, progress: float) -> float:
        """Return what the learning rate is multiplied by at ``progress`` in [0, 1] of the run."""
        if self.name == "constant":
            return 1.0
        if self.name == "cosine":
            return 0.5 * (1 + cos(pi * progress))
        return min(1.0, (1 - progress) / self.final)


@dataclass(frozen=True)
class Protocol:
    """How a job is trained: so many batches, with the part ``span`` of the run's learning-rate schedule."""

    batches: int = 1
    schedule: Schedule = field(default_factory=Schedule)
    span: tuple[float, float] = (0.0, 0.0)
    time_limit: float = 0.0  # seconds; 0 means none

    def progress(self, batch: int) -> float:
        """Return the progress of the run at the ``batch``-th batch of this job."""
        start, end = self.span
        return start + (end - start) * batch / max(self.batches, 1)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back an equal protocol."""
        return {**asdict(self), "span": list(self.span)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Protocol:
        """Read what ``to_json`` wrote."""
        return Protocol(data["batches"], Schedule(**data["schedule"]), tuple(data["span"]), data["time_limit"])
