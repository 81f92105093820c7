"""The tally of a run: what its journal adds up to, counted event by event, so that a long one fits into memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from valpnas.search.archive import Archive
from valpnas.store.journal import Event

_TRIED = "tried"  # by itself, as cells are: with a reason, and nothing goes on from it


@dataclass
class Tally:
    """Counts of the events that were added.

    ``accepted`` counts changes alone, ``changes`` how many of each operator were accepted and rejected. ``spent`` are
    the seconds of training by account, and ``passed`` those that the run was at work by the clock. What is remembered
    besides is the ``front``, the start, and what candidates without a verdict were.
    """

    steps: int = 0
    accepted: int = 0
    trained: int = 0
    failed: int = 0
    starts: int = 0
    batches: int = 0
    ended: bool = False
    spent: float = 0.0
    passed: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    front: Archive[Event] = field(default_factory=Archive)
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    _goes_on: bool = False
    _waiting: list[Event] = field(default_factory=list)
    _begun: dict[int, Event] = field(default_factory=dict)  # trained starts, until one was gone on with
    _origins: dict[int, str] = field(default_factory=dict)
    _variants: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Tally:
        """Return that of ``events``."""
        tally = cls()
        for event in events:
            tally.add(event)
        tally._settle()
        return tally

    @property
    def chosen(self) -> Sequence[Event]:
        """The events of the front, by candidate."""
        return sorted(self.front, key=lambda event: int(event["candidate"]))

    @property
    def first(self) -> Event | None:
        """The start that was gone on with, or else the first; None when none could be trained."""
        return self._begun[min(self._begun)] if self._begun else None

    def add(self, event: Event) -> None:
        """Count an event."""
        kind = event["event"]
        if kind not in {"trained", "failed"}:
            self._settle()
        self.ended = kind == "ended"
        self.batches += event.get("batches", 0)
        for account, seconds in event.get("seconds", {}).items():
            self.seconds[account] = self.seconds.get(account, 0.0) + seconds
        if kind == "proposed":
            self._add_proposal(event)
        elif kind in {"trained", "failed"}:
            self._add_result(event)
        elif kind in {"accepted", "rejected"}:
            self.steps = max(self.steps, event["step"])
            self._origins.pop(event["candidate"], "")
            self._add_verdict(kind, self._variants.pop(event["candidate"], ""))

    def _add_proposal(self, event: Event) -> None:
        self._origins[event["candidate"]] = _TRIED if event.get("reason") else event["origin"]
        if going := [number for number in event["parents"] if number in self._begun]:
            self._begun, self._goes_on = {going[0]: self._begun[going[0]]}, True
        if event["origin"] == "change":
            self._variants[event["candidate"]] = event["proposal"]["variant"]

    def _add_verdict(self, verdict: str, variant: str) -> None:
        if variant:
            self.accepted += verdict == "accepted"
            self.changes.setdefault(variant, {"accepted": 0, "rejected": 0})[verdict] += 1

    def _add_result(self, event: Event) -> None:
        self.spent += event.get("seconds", {}).get("training", 0.0)
        self.passed = max(self.passed, event.get("elapsed", 0.0))
        if event["event"] == "failed":
            self.failed += 1
            return
        self.trained += 1
        origin = self._origins.get(event["candidate"])
        self.starts += origin in {"start", _TRIED}
        if not self._goes_on and (origin == "start" or not self._begun):
            self._begun[event["candidate"]] = event
        self._waiting.append(event)

    def _settle(self) -> None:
        """Let results that follow one another join the front by number: they are journalled as they were done."""
        new = sorted(self._waiting, key=lambda event: int(event["candidate"]))
        self.front = self.front.with_(new, [event["objectives"] for event in new])
        self._waiting.clear()
