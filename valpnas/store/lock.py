"""The lock: one process at a time may write a run or a record; any number may read."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

from valpnas.errors import StoreError
from valpnas.store.files import explained

_WAITS = (0.01, 0.02, 0.05, 0.0)  # seconds: whoever only looks whether it is locked holds it for an instant


class LockedError(StoreError):
    """Another process holds the lock."""


def locked(path: Path, what: str = "run") -> IO[bytes]:
    """Lock the file at ``path`` until what is returned is closed, or the process ends, however it ends.

    Raises:
        LockedError: another process holds it.
        StoreError: it cannot be made.
    """
    with explained(path, "lock"):
        file = path.open("ab")
    for wait in _WAITS:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            time.sleep(wait)
    file.close()
    raise LockedError(
        f"{path.parent}: expected to be alone, but another process is writing this {what}; wait for it or stop it"
    )


def say_in(file: IO[bytes], what: str) -> None:
    """Write into a lock that is held what its holder says of itself, in the place of what the holder before said."""
    file.truncate(0)
    file.write(what.encode())
    file.flush()


def said_in(path: Path) -> str:
    """Return what a holder of the lock at ``path`` last said of itself; empty where none has yet."""
    with explained(path, "read"):
        return path.read_text(encoding="utf-8")


def is_locked(path: Path) -> bool:
    """Say whether a process holds the lock at ``path``; nothing is written, and it is free again at once."""
    if not path.exists():
        return False
    with explained(path, "read"), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
