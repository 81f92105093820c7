"""jobs/: groups of jobs that are out, so that another process can do them, and what came of those done.

A group is called after its first candidate: ``<first>.json`` says what is to be done, ``<candidate>.safetensors`` holds
the state that a job begins with; ``<first>.done.json`` and ``<candidate>.done.safetensors`` are the answers. Who works
on a group holds a lock on its ``<first>.json``, which ends with the process.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from valpnas.catalog import read_spec
from valpnas.contracts.executor import Answer, Answers, Group, HeldOutScores
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.graph.valp_json import valp_from_json, valp_to_json
from valpnas.store.files import explained, read_json, whole, write_json
from valpnas.store.models import load_weights, save_weights

_FIGURES = ("objectives", "reported", "batches", "cost", "parameters", "seconds", "reason")  # of a result
_ENDINGS = (".json", ".safetensors", ".done.json", ".done.safetensors", ".tries")


class JobFolder:
    """The folder ``jobs`` of a run; it is there while jobs are out."""

    def __init__(self, path: Path) -> None:
        """Name the folder."""
        self.path = path

    # -- who asks -------------------------------------------------------------------------------------

    def save(self, group: Group) -> None:
        """Write a group, what says that it is there last; one that lies there already is left to who is at it."""
        note = json.loads(json.dumps({"jobs": [_note(job) for job in group]}))  # as it will be read
        first = group[0].record.candidate
        path = self._file(first, ".json")
        if path.exists():
            if read_json(path) == note:
                return
            self._remove(first)
        with explained(self.path, "create"):
            self.path.mkdir(exist_ok=True)
        for job in group:
            save_weights(job.model, self._file(job.record.candidate, ".safetensors"))
        write_json(path, note)

    def load(self, first: int) -> Group:
        """Read the group whose first candidate is given; raises ``StoreError`` when it is gone or altered."""
        path = self._file(first, ".json")
        notes = read_json(path)
        with whole(path, "a group of jobs"):
            return [self._job(note) for note in notes["jobs"]]

    def keep(self, candidates: Collection[int]) -> None:
        """Remove the files of all others."""
        for candidate in self._named() - set(candidates):
            self._remove(candidate)

    def answers(self, records: Sequence[JobRecord]) -> Answers | None:
        """Return what came of a group, None while nobody has done it.

        What came of an earlier group of its name is no answer.
        """
        path = self._file(records[0].candidate, ".done.json")
        if not path.exists():
            return None
        done = read_json(path)
        with whole(path, "answers"):
            if [JobRecord.from_json(each["record"]) for each in done["answers"]] != [*records]:
                return None
            return [self._answer(record, each) for record, each in zip(records, done["answers"], strict=True)]

    # -- who does -------------------------------------------------------------------------------------

    def waiting(self) -> list[int]:
        """Return the first candidates of groups without an answer, in order; some may be claimed."""
        there = [c for c in sorted(self._named()) if self._file(c, ".json").exists()]
        return [c for c in there if not self._file(c, ".done.json").exists()]

    @contextmanager
    def claim(self, first: int) -> Iterator[bool]:
        """Claim a group while the context lasts and this process lives; gives whether it was to be had."""
        path = self._file(first, ".json")
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
            yield path.exists() and not self._file(first, ".done.json").exists()

    def tries(self, first: int) -> int:
        """Count a try at a group, to be called by who has claimed it; return how many there were before."""
        path = self._file(first, ".tries")
        with explained(path, "write"), path.open("ab") as file:
            before = file.tell()
            file.write(b".")
        return before

    def write_answers(self, answers: Answers) -> None:
        """Write what came of a group, its models first."""
        for result in (answer.result for answer in answers):
            if result.model is not None:
                save_weights(result.model, self._file(result.candidate, ".done.safetensors"))
        done = {"answers": [_done(answer) for answer in answers]}
        write_json(self._file(answers[0].result.candidate, ".done.json"), done)

    def _job(self, note: Mapping[str, Any]) -> Job:
        record, valp = JobRecord.from_json(note["record"]), valp_from_json(note["valp"], read_spec)
        return Job(record, load_weights(valp, self._file(record.candidate, ".safetensors")), str(note["fault"]))

    def _answer(self, record: JobRecord, done: Mapping[str, Any]) -> Answer:
        held_out = HeldOutScores(**done["held_out"]) if done["held_out"] is not None else None
        result = Result(record, **{name: done[name] for name in _FIGURES}, curve=tuple(done["curve"]))
        if result.failed:
            return Answer(result, held_out, tuple(done["notes"]))
        valp = valp_from_json(done["valp"], read_spec)
        model = load_weights(valp, self._file(record.candidate, ".done.safetensors"))
        return Answer(replace(result, model=model), held_out, tuple(done["notes"]))

    def _remove(self, candidate: int) -> None:
        """Remove what is named by a candidate, what says that it is there first."""
        with explained(self.path, "tidy"):
            for ending in _ENDINGS:
                self._file(candidate, ending).unlink(missing_ok=True)

    def _named(self) -> set[int]:
        """Return the candidates that files are named by."""
        if not self.path.exists():
            return set()
        with explained(self.path, "read"):
            names = (file.name.partition(".")[0] for file in self.path.iterdir())
            return {int(name) for name in names if name.isdecimal()}

    def _file(self, candidate: int, ending: str) -> Path:
        return self.path / f"{candidate:05d}{ending}"


def _note(job: Job) -> dict[str, Any]:
    return {"record": job.record.to_json(), "valp": valp_to_json(job.model.valp), "fault": job.fault}


def _done(answer: Answer) -> dict[str, Any]:
    result = answer.result
    figures: dict[str, Any] = {name: _plain(getattr(result, name)) for name in _FIGURES}
    return {
        "record": result.record.to_json(),
        "valp": valp_to_json(result.model.valp) if result.model else None,
        "held_out": asdict(answer.held_out) if answer.held_out else None,
        "curve": [dict(epoch) for epoch in result.curve],
        "notes": list(answer.notes),
        **figures,
    }


def _plain(value: Any) -> Any:
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value
