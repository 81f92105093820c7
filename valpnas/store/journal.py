"""The journal: one JSON object per line, append-only; the only truth of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from valpnas.store.json_lines import JsonLines

Event = dict[str, Any]

# What an event of each kind says beside its kind; what is missing would only be missed when it is too late.
_SAYS: dict[str, frozenset[str]] = {
    "range-test": frozenset({"rate", "batches", "seconds"}),
    "proposed": frozenset({"ask", "candidate", "parents", "origin", "graph", "protocol", "proposal"}),
    "trained": frozenset({"ask", "candidate", "objectives", "reported", "batches", "cost", "parameters", "seconds"}),
    "failed": frozenset({"ask", "candidate", "reason", "batches"}),
    "accepted": frozenset({"candidate", "step"}),
    "rejected": frozenset({"candidate", "step"}),
    "budget": frozenset({"steps"}),
    "ended": frozenset(),
}


class Journal(JsonLines):
    """The events of a run, in the order in which they happened."""

    @property
    def events(self) -> list[Event]:
        """All events that stand: jobs that were cut off when the budget was raised are void, and left out.

        A writer reads them from the file.
        """
        lines = self.lines
        return standing(lines) if any(line["event"] == "budget" for line in lines) else lines

    def standing(self) -> Iterator[Event]:
        """Yield what ``events`` returns, read from the file twice and held nowhere."""
        return _standing(self)

    def of(self, kind: str) -> list[Event]:
        """Return the events of one kind, in order."""
        return [event for event in self.events if event["event"] == kind]

    def is_whole(self, line: Event) -> bool:
        """Say whether an event of a known kind says what such an event must."""
        return _SAYS[line["event"]] <= set(line)


def standing(events: Sequence[Event]) -> list[Event]:
    """Return ``events`` without those of batches of jobs that were incomplete when a budget was raised after them.

    Their numbers are given anew, so that a candidate would otherwise be told of twice.
    """
    return list(_standing(events))


def _standing(events: Iterable[Event]) -> Iterator[Event]:
    """Yield the same; ``events`` are gone through twice."""
    cuts = list(_cuts(events))
    for number, event in enumerate(events):
        if not any(number < at and event.get("ask") in asks for at, asks in cuts):
            yield event


def _cuts(events: Iterable[Event]) -> Iterator[tuple[int, frozenset[int]]]:
    """Yield where the budget was raised while jobs had no result, with the numbers of their batches."""
    waiting: set[tuple[int, int]] = set()
    for number, event in enumerate(events):
        if event["event"] == "proposed":
            waiting.add((event["ask"], event["candidate"]))
        elif event["event"] in {"trained", "failed"}:
            waiting.discard((event["ask"], event["candidate"]))
        elif event["event"] == "budget" and waiting:
            yield number, frozenset(ask for ask, _ in waiting)
            waiting.clear()
