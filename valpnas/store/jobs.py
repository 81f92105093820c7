"""jobs/: jobs that are out, so that another process can do them, and what came of those that others have done.

``<candidate>.json`` says what is to be done, ``.safetensors`` holds the state it begins with; ``.done.json`` and
``.done.safetensors`` are the answer. Who works on a job holds a lock on its first file, which ends with the process.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from valpnas.catalog import read_spec
from valpnas.contracts.executor import Answer, HeldOutScores
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.graph.valp_json import valp_from_json, valp_to_json
from valpnas.store.files import explained, read_json, whole, write_json
from valpnas.store.models import load_weights, save_weights

_FIGURES = ("objectives", "reported", "batches", "cost", "parameters", "seconds", "reason")  # of a result


class JobFolder:
    """The folder ``jobs`` of a run; it is there while jobs are out."""

    def __init__(self, path: Path) -> None:
        """Name the folder."""
        self.path = path

    # -- who asks -------------------------------------------------------------------------------------

    def save(self, job: Job) -> None:
        """Write a job, what says that it is there last; one that lies there already is left to who is at it."""
        note = {"record": job.record.to_json(), "valp": valp_to_json(job.model.valp), "fault": job.fault}
        note = json.loads(json.dumps(note))  # as it will be read
        path = self._file(job.record.candidate, ".json")
        if path.exists():
            if read_json(path) == note:
                return
            self.remove(job.record.candidate)
        with explained(self.path, "create"):
            self.path.mkdir(exist_ok=True)
        save_weights(job.model, self._file(job.record.candidate, ".safetensors"))
        write_json(path, note)

    def load(self, candidate: int) -> Job:
        """Read a job; raises ``StoreError`` when it is gone or altered."""
        path = self._file(candidate, ".json")
        note = read_json(path)
        with whole(path, "a job"):
            record, valp = JobRecord.from_json(note["record"]), valp_from_json(note["valp"], read_spec)
            return Job(record, load_weights(valp, self._file(candidate, ".safetensors")), str(note["fault"]))

    def keep(self, candidates: Collection[int]) -> None:
        """Remove all others."""
        for candidate in self._there() - set(candidates):
            self.remove(candidate)

    def remove(self, candidate: int) -> None:
        """Remove a job and what came of it, what says that it is there first."""
        with explained(self.path, "tidy"):
            for ending in (".json", ".safetensors", ".done.json", ".done.safetensors", ".tries"):
                self._file(candidate, ending).unlink(missing_ok=True)

    def answer(self, record: JobRecord) -> Answer | None:
        """Return what came of a job, None while nobody has done it; an answer to an earlier job of its name is none."""
        path = self._file(record.candidate, ".done.json")
        if not path.exists():
            return None
        done = read_json(path)
        with whole(path, "an answer"):
            if JobRecord.from_json(done["record"]) != record:
                return None
            held_out = HeldOutScores(**done["held_out"]) if done["held_out"] is not None else None
            result = Result(record, **{name: done[name] for name in _FIGURES}, curve=tuple(done["curve"]))
            return Answer(replace(result, model=None if result.failed else self._trained(record.candidate)), held_out)

    # -- who does -------------------------------------------------------------------------------------

    def waiting(self) -> list[int]:
        """Return the candidates of jobs without an answer, in order; some may be claimed."""
        return [c for c in sorted(self._there()) if not self._file(c, ".done.json").exists()]

    @contextmanager
    def claim(self, candidate: int) -> Iterator[bool]:
        """Claim a job while the context lasts and this process lives; gives whether it was to be had."""
        path = self._file(candidate, ".json")
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
            yield path.exists() and not self._file(candidate, ".done.json").exists()

    def tries(self, candidate: int) -> int:
        """Count a try at a job, to be called by who has claimed it; return how many there were before."""
        path = self._file(candidate, ".tries")
        with explained(path, "write"), path.open("ab") as file:
            before = file.tell()
            file.write(b".")
        return before

    def write_answer(self, answer: Answer) -> None:
        """Write what came of a job, its model first."""
        result = answer.result
        if result.model is not None:
            save_weights(result.model, self._file(result.candidate, ".done.safetensors"))
        figures: dict[str, Any] = {name: _plain(getattr(result, name)) for name in _FIGURES}
        held_out = asdict(answer.held_out) if answer.held_out else None
        curve = [dict(epoch) for epoch in result.curve]
        done = {"record": result.record.to_json(), "held_out": held_out, "curve": curve, **figures}
        write_json(self._file(result.candidate, ".done.json"), done)

    def _trained(self, candidate: int) -> Any:
        valp = valp_from_json(read_json(self._file(candidate, ".json"))["valp"], read_spec)
        return load_weights(valp, self._file(candidate, ".done.safetensors"))

    def _there(self) -> set[int]:
        if not self.path.exists():
            return set()
        with explained(self.path, "read"):
            return {int(file.stem) for file in self.path.glob("*.json") if file.stem.isdecimal()}

    def _file(self, candidate: int, ending: str) -> Path:
        return self.path / f"{candidate:05d}{ending}"


def _plain(value: Any) -> Any:
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value
