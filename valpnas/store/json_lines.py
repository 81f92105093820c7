"""JSON lines: an append-only file, one JSON object per line; a writer keeps none of them in memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from valpnas.errors import StoreError
from valpnas.store.files import explained

Line = dict[str, Any]


class JsonLines:
    """An append-only file of JSON objects. A last line that a kill cut off is dropped when the file is opened.

    A reader sees the lines there were when it opened the file, and holds them once it was asked for all. A writer may
    live through millions of them: it holds those that are not flushed yet, and reads the others whenever it is asked.
    """

    def __init__(self, path: Path, writable: bool) -> None:
        """Open the file at ``path`` and check every line; only a writable one mends a cut last line."""
        self.path = path
        self.bytes = _whole_bytes(path)
        self.last: Line | None = None
        if writable and path.exists() and path.stat().st_size > self.bytes:
            with explained(path, "mend"):
                os.truncate(path, self.bytes)
        self._new: list[bytes] = []
        self._writable = writable
        self._held: list[Line] | None = None
        for line in self:  # each is checked as it is read
            self.last = line

    @property
    def lines(self) -> list[Line]:
        """All lines."""
        if self._writable:
            return list(self)
        if self._held is None:
            self._held = list(self)
        return self._held

    def __iter__(self) -> Iterator[Line]:
        """Read the lines from the file, as far as it is known; raises ``StoreError`` for one that was altered."""
        if not self.bytes:
            return
        position = 0
        with explained(self.path, "read"), self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                position += len(line)
                if position > self.bytes:
                    return
                yield self._parse(line[:-1], number)

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line, which is on disk after the next ``flush``."""
        self._new.append((json.dumps(line, sort_keys=True, allow_nan=False) + "\n").encode())
        self.last = dict(line)

    def flush(self) -> None:
        """Put every line on disk: one flush costs as much for many lines as for one.

        Raises:
            StoreError: the disk is full or the file cannot be written; what was cut off is dropped again.
        """
        if not self._new:
            return
        text = b"".join(self._new)
        with explained(self.path, "write"):
            try:
                self._write(text)
            except OSError:
                os.truncate(self.path, self.bytes)
                raise
        self.bytes += len(text)
        self._new.clear()

    def is_whole(self, line: Line) -> bool:
        """Say whether ``line`` says all that a line must; what is missing would only be missed when it is too late."""
        return isinstance(line, dict)

    def _write(self, lines: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def _parse(self, text: bytes, number: int) -> Line:
        try:
            line = json.loads(text)
            whole = self.is_whole(line)
        except (ValueError, LookupError, TypeError):
            whole, line = False, {}
        if not whole:
            raise StoreError(
                f"{self.path}, line {number}: expected an event in JSON, got {text[:40]!r}; "
                "the file was altered or written by a newer valpnas"
            )
        return dict(line)


def _whole_bytes(path: Path) -> int:
    """Return where the last whole line ends."""
    if not path.exists():
        return 0
    with explained(path, "read"), path.open("rb") as file:
        return sum(len(line) for line in file if line.endswith(b"\n"))
