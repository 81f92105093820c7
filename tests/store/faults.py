"""Faults planted in the primitive steps of writing: the world ends, or the disk is full, at any one of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# Every way in which the store alters the disk, but for writing into an open file: that is what `torn` is for.
STEPS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "truncate"),
    (Path, "mkdir"),
    (Path, "replace"),
    (Path, "unlink"),
)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the code may catch it."""


def disk_full() -> OSError:
    """What the operating system says when there is no space."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Faults:
    """Counts steps and raises an error at one of them.

    With ``torn``, a file that was just written, and is about to be flushed to disk, first loses the end of what was
    added since it was flushed last: a kill in the middle of writing it.
    """

    def __init__(self, at: int, error: Callable[[], BaseException], torn: bool = False) -> None:
        self.at, self.error, self.torn = at, error, torn
        self.count = 0
        self._flushed: dict[int, int] = {}  # size by inode

    @property
    def happened(self) -> bool:
        """Whether the fault came to pass."""
        return self.count >= self.at

    def step(self, name: str, first: Any) -> None:
        """Note a step that is about to be done."""
        self.count += 1
        if self.count == self.at:
            if name == "fsync" and self.torn:
                self._tear(first)
            raise self.error()
        if name == "fsync":
            status = os.fstat(first)
            self._flushed[status.st_ino] = status.st_size

    def _tear(self, file: int) -> None:
        status = os.fstat(file)
        before = min(self._flushed.get(status.st_ino, 0), status.st_size - 1)
        os.ftruncate(file, (before + status.st_size) // 2)


@contextmanager
def planted(faults: Faults) -> Iterator[None]:
    """Let every step of writing pass by ``faults``."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in STEPS:
            patch.setattr(owner, name, _watched(getattr(owner, name), name, faults))
        yield


def _watched(original: Callable[..., Any], name: str, faults: Faults) -> Callable[..., Any]:
    def watched(*arguments: Any, **named: Any) -> Any:
        faults.step(name, arguments[0])
        return original(*arguments, **named)

    return watched
