"""Protocol: how a job is trained - for how long, at which rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from math import cos, inf, pi
from typing import Any

from valpnas.contracts.augmentation import Augmentation
from valpnas.errors import ConfigError, UnknownNameError

SCHEDULES = ("constant", "linear", "cosine", "cosine-restarts")
SELECTIONS = ("last", "best-checkpoint", "best-epoch")
_BATCH = 1e-9  # of a run: what rounding may lack of a restart or of the decay


@dataclass(frozen=True)
class Schedule:
    """How the learning rate falls over a run: ``constant``, ``linear`` (to zero, in the ``final`` part), ``cosine``.

    ``cosine-restarts`` falls in cycles (Loshchilov and Hutter 2017): the first takes the part ``first`` of the run,
    each other ``growth`` times as long. The defaults end the cycles of 21 epochs with epochs 3, 9 and 21 (facts B2).
    Progress is that of the whole run, not of one job, so that a search of many short jobs ends with one decay.
    """

    name: str = "linear"
    final: float = 0.3
    first: float = 1 / 7
    growth: float = 2.0

    def __post_init__(self) -> None:
        """Raise ``UnknownNameError`` for an unknown schedule, ``ConfigError`` for parts and growths no run can have."""
        if self.name not in SCHEDULES:
            raise UnknownNameError("schedule", self.name, SCHEDULES)
        if not 0 < self.final <= 1:
            raise ConfigError(f"final_decay: expected a part of the run in (0, 1], got {self.final}; 1 is all of it")
        if not 0 < self.first <= 1:
            raise ConfigError(f"first_cycle: expected a part of the run in (0, 1], got {self.first}; 1 is all of it")
        if not 1 <= self.growth <= 1000:
            raise ConfigError(f"cycle_growth: expected a factor from 1 to 1000, got {self.growth}; 2, say")

    @property
    def decay_begins(self) -> float:
        """The progress at which a final decay begins; infinite where the rate is constant, or falls all the time."""
        return 1 - self.final - _BATCH if self.name == "linear" and self.final < 1 else inf

    def factor(self, progress: float) -> float:
        """Return what the learning rate is multiplied by at ``progress`` in [0, 1] of the run."""
        if self.name == "constant":
            return 1.0
        if self.name == "cosine":
            return 0.5 * (1 + cos(pi * progress))
        if self.name == "cosine-restarts":
            return 0.5 * (1 + cos(pi * self._in_cycle(progress)))
        return min(1.0, (1 - progress) / self.final)

    def _in_cycle(self, progress: float) -> float:
        """Return how much of its cycle is over at ``progress``; at the run's very end, all of it."""
        start, length = 0.0, self.first
        while start + length <= progress + _BATCH and start + length < 1 - _BATCH:
            start, length = start + length, length * self.growth
        return min(1.0, max(0.0, (progress - start) / length))


@dataclass(frozen=True)
class Protocol:
    """How a job is trained: so many batches, with the part ``span`` of the run's learning-rate schedule.

    ``augmentation`` alters images. ``label_smoothing`` takes this much of each class's share and spreads it over all.
    ``drop_path`` is the chance of a path of the last cell to be left out at the end of training. ``select`` says which
    state counts: the ``last``, or the best on validation rows, which are then scored after every epoch (``best-epoch``)
    or after all batches, half of them, a quarter and so on (``best-checkpoint``).
    """

    batches: int = 1
    schedule: Schedule = field(default_factory=Schedule)
    span: tuple[float, float] = (0.0, 0.0)
    time_limit: float = 0.0  # seconds; 0 means none
    augmentation: Augmentation = field(default_factory=Augmentation)
    label_smoothing: float = 0.0
    drop_path: float = 0.0
    select: str = "last"

    def __post_init__(self) -> None:
        """Raise ``UnknownNameError`` for an unknown selection, ``ConfigError`` for shares outside [0, 1)."""
        if self.select not in SELECTIONS:
            raise UnknownNameError("selection", self.select, SELECTIONS)
        for name in ("label_smoothing", "drop_path"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name}: expected a share in [0, 1), got {getattr(self, name)}; 0 is none")

    def progress(self, batch: int) -> float:
        """Return the progress of the run at the ``batch``-th batch of this job."""
        start, end = self.span
        return start + (end - start) * batch / max(self.batches, 1)

    def part(self, first: int, last: int) -> Protocol:
        """Return the protocol of the batches from ``first`` on to before ``last``."""
        return replace(self, batches=last - first, span=(self.progress(first), self.progress(last)))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back an equal protocol."""
        return {**asdict(self), "span": list(self.span)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Protocol:
        """Read what ``to_json`` wrote; what earlier versions did not know of has its default."""
        nested = {
            "schedule": Schedule(**data["schedule"]),
            "span": tuple(data["span"]),
            "augmentation": Augmentation(**data.get("augmentation", {})),
        }
        return Protocol(**{**data, **nested})
