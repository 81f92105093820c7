"""Disk images of a run at work: what a kill would leave at each single step of writing, and in the middle of each.

One run is made; before every step in which the store alters the disk, its directory is copied. A copy is exactly what
SIGKILL at that instant leaves behind. Where a file is about to be flushed, a second copy holds only half of what was
written to it: a kill within the write.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Step = Callable[[str, Any], None]  # told the name of the function about to be called, and its first argument

# Every way in which the store alters the disk, but for writing into an open file, which comes before a flush.
_STEPS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "truncate"),
    (Path, "mkdir"),
    (Path, "replace"),
    (Path, "unlink"),
)


@contextmanager
def watched(step: Step) -> Iterator[None]:
    """Call ``step`` before every step of writing."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in _STEPS:
            patch.setattr(owner, name, _watched(getattr(owner, name), name, step))
        yield


def _watched(original: Callable[..., Any], name: str, step: Step) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        step(name, arguments[0])
        return original(*arguments, **named)

    return call


class Camera:
    """Copies the directory ``run`` before every step into ``album``, one folder per image, named by number."""

    def __init__(self, run: Path, album: Path) -> None:
        self.run, self.album = run, album
        self.images: list[Path] = []
        self._flushed = {file.stat().st_ino: file.stat().st_size for file in run.rglob("*")}

    def __call__(self, name: str, first: Any) -> None:
        """Take the images of one step."""
        if not self.run.exists():
            return
        self._copy(name)
        if name == "fsync":
            self._tear(os.fstat(first), self._copy("torn"))

    def _copy(self, what: str) -> Path:
        image = self.album / f"{len(self.images):03d} {what}"
        shutil.copytree(self.run, image)
        self.images.append(image)
        return image

    def _tear(self, status: os.stat_result, image: Path) -> None:
        """Take half of what was added since the last flush from the file in the image; never what was flushed."""
        before = min(self._flushed.get(status.st_ino, 0), status.st_size - 1)
        (file,) = [file for file in self.run.rglob("*") if file.stat().st_ino == status.st_ino]
        with (image / file.relative_to(self.run)).open("rb+") as torn:
            torn.truncate((before + status.st_size) // 2)
        self._flushed[status.st_ino] = status.st_size


def images_of(work: Callable[[], object], run: Path, album: Path) -> list[Path]:
    """Do ``work`` on the directory ``run`` and return an image of every step, in order."""
    camera = Camera(run, album)
    with watched(camera):
        work()
    return camera.images


@contextmanager
def disk_full_at(number: int) -> Iterator[None]:
    """Let the ``number``-th step fail as it does on a full disk, and every later one too."""
    done = 0

    def step(*_: Any) -> None:
        nonlocal done
        done += 1
        if done >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with watched(step):
        yield
