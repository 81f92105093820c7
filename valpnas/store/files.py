"""Writing files so that a kill at any instant leaves either the old one or the new one."""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from valpnas.errors import StoreError


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Turn an ``OSError`` into a ``StoreError`` that says what could not be done and what to do."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError) as error:
        if doing != "read":
            raise StoreError(f"cannot {doing} {path}: {error.strerror}; check the path") from error
        found = "a folder" if isinstance(error, IsADirectoryError) else "none"
        raise StoreError(f"{path}: expected a file, found {found}; check the path, or take it from a copy") from error
    except OSError as error:
        if doing == "read":
            raise StoreError(f"cannot read {path}: {error.strerror or error}; check the path and its rights") from error
        advice = (
            "free some space and resume the run"
            if error.errno in {errno.ENOSPC, errno.EDQUOT}
            else "check the path and its rights"
        )
        raise StoreError(
            f"cannot {doing} {path}: {error.strerror or error}; nothing recorded is lost: {advice}"
        ) from error


@contextmanager
def whole(path: Path, what: str) -> Iterator[None]:
    """Turn what goes wrong with altered content into a ``StoreError`` that names the file and what it should hold."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, EOFError, BadZipFile, zlib.error) as error:
        what_came = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no more'}"
        raise StoreError(
            f"{path}: expected {what}, got {what_came}; it was cut off or altered: take it from a copy"
        ) from error


def write_atomically(path: Path, write: Callable[[Path], None], flushed: bool = True) -> None:
    """Let ``write`` fill a temporary file, flush it to disk, and move it to ``path`` in one step.

    One that is not ``flushed`` survives the end of any process, and a loss of power only once ``flush`` has seen it.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with explained(path, "write"):
        write(temporary)
        if flushed:
            _flush(temporary)
        temporary.replace(path)


def flush(path: Path) -> None:
    """Put what was written to ``path`` on disk."""
    with explained(path, "write"):
        _flush(path)


def write_text(path: Path, text: str, flushed: bool = True) -> None:
    """Write ``text`` to ``path`` atomically."""
    write_atomically(path, lambda temporary: _write(temporary, text), flushed)


def write_json(path: Path, data: Any, flushed: bool = True) -> None:
    """Write ``data`` as JSON to ``path`` atomically."""
    write_text(path, json.dumps(data, indent=1, sort_keys=True) + "\n", flushed)


def write_by_lines(path: Path, data: Mapping[str, Any], flushed: bool = True) -> None:
    """Write ``data`` as JSON to ``path`` atomically, a line for each key and for each entry of a list behind one.

    That is ten times as fast as the indented form, which no encoder in C can write, and as easy to read.
    """
    parts = ",\n".join(f" {json.dumps(key)}: {_by_lines(data[key])}" for key in sorted(data))
    write_text(path, "{\n" + parts + "\n}\n", flushed)


def _by_lines(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, sort_keys=True)
    return "[\n" + ",\n".join(f"  {json.dumps(entry, sort_keys=True)}" for entry in value) + "\n ]"


def read_json(path: Path) -> Any:
    """Read JSON; raises ``StoreError`` when the file is missing or not JSON."""
    with explained(path, "read"):
        text = path.read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError as error:
        raise StoreError(f"{path}: expected JSON, got something else ({error}); the file was altered") from error


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
