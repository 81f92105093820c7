"""jobs/: groups of jobs that are out, so that another process can do them, and what came of those done.

A group is called after its first candidate and a digest of what is to be done, ``00007-1f2e3d4c``: a candidate's number
may be given anew, and a process that is still at what had it before answers under a name that nobody asks for.
``<group>.json`` says what is to be done, ``<group>.<candidate>.safetensors`` holds the state that a job begins with;
``<group>.done.json`` and ``<group>.<candidate>.done.safetensors`` are the answers. Who works on a group holds a lock on
its ``<group>.json``, which ends with the process; ``<group>.tries`` has a byte for each process that began and has not
said that it stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from valpnas.contracts.executor import Answers, Group
from valpnas.contracts.job import JobRecord
from valpnas.errors import StoreError
from valpnas.store.files import explained, read_json, whole, write_json
from valpnas.store.job_json import answer_from_json, answer_to_json, job_from_json, job_to_json
from valpnas.store.lock import is_locked
from valpnas.store.models import save_weights


class JobFolder:
    """The folder ``jobs`` of a run; it is there while jobs are out."""

    def __init__(self, path: Path) -> None:
        """Name the folder."""
        self.path = path

    # -- who asks -------------------------------------------------------------------------------------

    def save(self, group: Group) -> str:
        """Write a group, what says that it is there last, and return its name.

        One that lies there already is left to who is at it; another of its first candidate is no longer asked for.
        """
        note = {"jobs": [job_to_json(job) for job in group]}
        first = group[0].record.candidate
        name = f"{first:05d}-{hashlib.sha256(json.dumps(note, sort_keys=True).encode()).hexdigest()[:8]}"
        if self._file(name, ".json").exists():
            return name
        self._remove({first})
        with explained(self.path, "create"):
            self.path.mkdir(exist_ok=True)
        for job in group:
            save_weights(job.model, self._weights(name, job.record.candidate))
        write_json(self._file(name, ".json"), note)
        return name

    def load_of(self, first: int) -> Group:
        """Read the group that a candidate is the first of; raises ``StoreError`` when it is gone or altered."""
        names = [name for name in self._notes() if _first(name) == first]
        return self._group(names[0] if names else f"{first:05d}-*")

    def keep(self, candidates: Collection[int]) -> None:
        """Remove the groups of all other first candidates, and the folder when nothing is left in it."""
        self._remove({_first(name) for name in self._names()} - set(candidates))
        if not candidates and self.path.exists():
            with suppress(OSError):  # somebody has just answered what nobody asks for; the next to tidy removes it
                self.path.rmdir()

    def answers(self, name: str, records: Sequence[JobRecord]) -> Answers | None:
        """Return what came of a group, None while nobody has done it."""
        path = self._file(name, ".done.json")
        if not path.exists():
            return None
        done = read_json(path)
        with whole(path, "answers"):
            pairs = zip(records, done["answers"], strict=True)
            return [answer_from_json(each, r, self._weights(name, r.candidate, ".done")) for r, each in pairs]

    def withdraw(self, name: str) -> None:
        """Ask for a group no more, whoever is at it."""
        self._remove({_first(name)})

    def trying(self, name: str) -> tuple[int, int] | None:
        """Return what changes whenever a process begins with a group; None while none is at it."""
        if not is_locked(self._file(name, ".json")):
            return None
        with suppress(FileNotFoundError):
            seen = self._file(name, ".tries").stat()
            return seen.st_size, seen.st_mtime_ns
        return None

    # -- who does -------------------------------------------------------------------------------------

    def waiting(self) -> list[str]:
        """Return the groups without an answer, in order; some may be claimed."""
        names = self._notes()
        done = {file.removesuffix(".done.json") for file in self._names() if file.endswith(".done.json")}
        return [name for name in names if name not in done]

    @contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        """Claim a group while the context lasts and this process lives; gives whether it was to be had."""
        path = self._file(name, ".json")
        try:
            file = path.open("rb")
        except FileNotFoundError:  # done and recorded in the meantime
            yield False
            return
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield path.exists() and not self._file(name, ".done.json").exists()

    def load(self, name: str) -> Group | None:
        """Read a group that is claimed; None when it is no longer asked for, ``StoreError`` when it was altered."""
        with self._unless_withdrawn(name):
            return self._group(name)
        return None

    def begin(self, name: str) -> int:
        """Count a try at a group, to be called by who has claimed it; return how many ended their process before."""
        before = 0
        with self._unless_withdrawn(name):
            path = self._file(name, ".tries")
            with explained(path, "write"), path.open("ab") as file:
                before = file.tell()
                file.write(b".")
        return before

    def stop(self, name: str) -> None:
        """Take a try back: whoever was at the group left it alive."""
        path = self._file(name, ".tries")
        with self._unless_withdrawn(name), explained(path, "write"), path.open("rb+") as file:
            file.truncate(max(0, path.stat().st_size - 1))

    def write_answers(self, name: str, answers: Answers) -> None:
        """Write what came of a group, its models first; nothing when it is no longer asked for."""
        if not self._file(name, ".json").exists():
            return
        with self._unless_withdrawn(name):
            for result in (answer.result for answer in answers):
                if result.model is not None:
                    save_weights(result.model, self._weights(name, result.candidate, ".done"))
            write_json(self._file(name, ".done.json"), {"answers": [answer_to_json(answer) for answer in answers]})

    @contextmanager
    def _unless_withdrawn(self, name: str) -> Iterator[None]:
        """Let pass what fails for a group whose files were removed while somebody was at them."""
        try:
            yield
        except StoreError:
            if self._file(name, ".json").exists():
                raise

    def _group(self, name: str) -> Group:
        path = self._file(name, ".json")
        notes = read_json(path)
        with whole(path, "a group of jobs"):
            return [job_from_json(note, lambda candidate: self._weights(name, candidate)) for note in notes["jobs"]]

    def _remove(self, firsts: Collection[int]) -> None:
        """Remove what is named by first candidates, half-written files too, what says that it is there first."""
        names = [file for file in self._names() if _first(file) in firsts]
        with explained(self.path, "tidy"):
            for file in sorted(names, key=lambda file: not _is_note(file)):
                (self.path / file).unlink(missing_ok=True)

    def _notes(self) -> list[str]:
        """Return the groups that are there, in order."""
        return sorted(file.removesuffix(".json") for file in self._names() if _is_note(file))

    def _names(self) -> list[str]:
        """Return the files that are named by a group."""
        with explained(self.path, "read"):
            try:
                return [file.name for file in self.path.iterdir() if _first(file.name) >= 0]
            except FileNotFoundError:  # no jobs are out, or no more
                return []

    def _weights(self, name: str, candidate: int, done: str = "") -> Path:
        return self._file(name, f".{candidate:05d}{done}.safetensors")

    def _file(self, name: str, ending: str) -> Path:
        return self.path / f"{name}{ending}"


def _first(file: str) -> int:
    """Return the first candidate of the group that a file belongs to, -1 for a file of nobody's."""
    number = re.match(r"\.?(\d+)-", file)
    return int(number[1]) if number else -1


def _is_note(file: str) -> bool:
    return re.fullmatch(r"\d+-\w+\.json", file) is not None
