"""The journal: one JSON object per line, append-only; the only truth of a run."""

from __future__ import annotations

from typing import Any

from valpnas.store.json_lines import JsonLines

Event = dict[str, Any]

# What an event of each kind says beside its kind; what is missing would only be missed when it is too late.
_SAYS: dict[str, frozenset[str]] = {
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
        """All events; a writer reads them from the file."""
        return self.lines

    def of(self, kind: str) -> list[Event]:
        """Return the events of one kind, in order."""
        return [event for event in self.events if event["event"] == kind]

    def is_whole(self, line: Event) -> bool:
        """Say whether an event of a known kind says what such an event must."""
        return _SAYS[line["event"]] <= set(line)
