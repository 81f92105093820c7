"""The journal: one JSON object per line, append-only; the only truth of a run."""

from __future__ import annotations

from collections.abc import Sequence
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
    kept: list[Event] = []
    for event in events:
        if event["event"] == "budget":
            cut = _unanswered(kept)
            kept = [known for known in kept if known.get("ask") not in cut]
        kept.append(event)
    return kept


def _unanswered(events: Sequence[Event]) -> set[int]:
    """Return the numbers of batches with a job that has no result."""
    open_jobs = {(event["ask"], event["candidate"]) for event in events if event["event"] == "proposed"}
    done = {(event["ask"], event["candidate"]) for event in events if event["event"] in {"trained", "failed"}}
    return {ask for ask, _ in open_jobs - done}
