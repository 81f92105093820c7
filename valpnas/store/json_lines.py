"""JSON lines: an append-only file, one JSON object per line, each on disk before the next is begun."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valpnas.errors import StoreError
from valpnas.store.files import explained

Line = dict[str, Any]


class JsonLines:
    """An append-only file of JSON objects. A last line that a kill cut off is dropped when the file is opened."""

    def __init__(self, path: Path, writable: bool) -> None:
        """Open the file at ``path`` and read what it holds; only a writable one mends a cut last line."""
        self.path = path
        self.lines: list[Line] = []
        self.bytes = 0
        if path.exists():
            self._read(writable)

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line; when this returns it is on disk.

        Raises:
            StoreError: the disk is full or the file cannot be written; what was cut off is dropped again.
        """
        text = (json.dumps(line, sort_keys=True, allow_nan=False) + "\n").encode()
        with explained(self.path, "write"):
            try:
                self._write(text)
            except OSError:
                os.truncate(self.path, self.bytes)
                raise
        self.lines.append(dict(line))
        self.bytes += len(text)

    def is_whole(self, line: Line) -> bool:
        """Say whether ``line`` says all that a line must; what is missing would only be missed when it is too late."""
        return isinstance(line, dict)

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
            self.lines.append(self._parse(line, number))

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
