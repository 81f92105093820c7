"""The journal: one JSON object per line, append-only, flushed to disk line by line; the only truth of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valpnas.errors import StoreError
from valpnas.store.files import explained

Event = dict[str, Any]

# What an event of each kind says beside its kind; what is missing would only be missed when it is too late.
_SAYS: dict[str, frozenset[str]] = {
    "proposed": frozenset({"ask", "candidate", "parents", "origin", "graph", "protocol", "proposal"}),
    "trained": frozenset({"ask", "candidate", "objectives", "reported", "batches", "cost", "parameters", "seconds"}),
    "failed": frozenset({"ask", "candidate", "reason"}),
    "accepted": frozenset({"candidate", "step"}),
    "rejected": frozenset({"candidate", "step"}),
    "budget": frozenset({"steps"}),
    "ended": frozenset(),
}


class Journal:
    """An append-only file of events. A last line that a kill cut off is dropped when the journal is opened."""

    def __init__(self, path: Path, writable: bool) -> None:
        """Open the journal at ``path`` and read what it holds; only a writable one mends a cut last line."""
        self.path = path
        self.events: list[Event] = []
        self.bytes = 0
        if path.exists():
            self._read(writable)

    def append(self, event: Mapping[str, Any]) -> None:
        """Add an event; when this returns it is on disk.

        Raises:
            StoreError: the disk is full or the file cannot be written; what was cut off is dropped again.
        """
        line = (json.dumps(event, sort_keys=True, allow_nan=False) + "\n").encode()
        with explained(self.path, "write"):
            try:
                self._write(line)
            except OSError:
                os.truncate(self.path, self.bytes)
                raise
        self.events.append(dict(event))
        self.bytes += len(line)

    def of(self, kind: str) -> list[Event]:
        """Return the events of one kind, in order."""
        return [event for event in self.events if event["event"] == kind]

    def _write(self, line: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, writable: bool) -> None:
        with explained(self.path, "read"):
            data = self.path.read_bytes()
        whole, _, cut = data.rpartition(b"\n")
        self.bytes = len(data) - len(cut)
        if cut and writable:
            with explained(self.path, "mend"):
                os.truncate(self.path, self.bytes)
        for number, line in enumerate(whole.split(b"\n") if whole else [], start=1):
            self.events.append(self._parse(line, number))

    def _parse(self, line: bytes, number: int) -> Event:
        try:
            event = json.loads(line)
            whole = _SAYS[event["event"]] <= set(event)
        except (ValueError, LookupError, TypeError):
            whole, event = False, {}
        if not whole:
            raise StoreError(
                f"{self.path}, line {number}: expected an event in JSON, got {line[:40]!r}; "
                "the journal was altered or written by a newer valpnas"
            )
        return dict(event)
