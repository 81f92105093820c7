"""The lock: one process at a time may write a run or a record; any number may read."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

from valpnas.errors import StoreError
from valpnas.store.files import explained

_PATIENCE = 0.2  # seconds: whoever only looks whether it is locked holds it for an instant


class LockedError(StoreError):
    """Another process holds the lock."""


def is_locked(path: Path) -> bool:
    """Say whether a process holds the lock on the file at ``path``."""
    with explained(path, "lock"), path.open("ab") as file:
        return not _try(file)


def locked(path: Path, what: str = "run") -> IO[bytes]:
    """Lock the file at ``path`` until what is returned is closed, or the process ends, however it ends.

    Raises:
        LockedError: another process holds it.
        StoreError: it cannot be made.
    """
    with explained(path, "lock"):
        file = path.open("ab")
    deadline = time.monotonic() + _PATIENCE
    while not _try(file):
        if time.monotonic() > deadline:
            file.close()
            raise LockedError(
                f"{path.parent}: expected to be alone, but another process is writing this {what}; "
                "wait for it or stop it"
            )
        time.sleep(_PATIENCE / 10)
    return file


def _try(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
