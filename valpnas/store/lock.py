"""The lock: one process at a time may write a run or a record; any number may read."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from valpnas.errors import StoreError
from valpnas.store.files import explained


def locked(path: Path, what: str = "run") -> IO[bytes]:
    """Lock the file at ``path`` until what is returned is closed, or the process ends, however it ends.

    Raises:
        StoreError: another process holds it, or it cannot be made.
    """
    with explained(path, "lock"):
        file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise StoreError(
            f"{path.parent}: expected to be alone, but another process is writing this {what}; wait for it or stop it"
        ) from error
    return file
