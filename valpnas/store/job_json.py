"""Jobs and answers as plain JSON data; the tensors of their models lie in files beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from valpnas.catalog import read_spec
from valpnas.contracts.executor import Answer, HeldOutScores
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.graph.valp_json import valp_from_json, valp_to_json
from valpnas.store.models import load_weights

_FIGURES = ("objectives", "reported", "batches", "cost", "parameters", "seconds", "reason", "kept")  # of a result


def job_from_json(note: Mapping[str, Any], weights: Callable[[int], Path]) -> Job:
    """Read what ``job_to_json`` wrote; ``weights`` says where the tensors of a candidate are."""
    record, valp = JobRecord.from_json(note["record"]), valp_from_json(note["valp"], read_spec)
    return Job(record, load_weights(valp, weights(record.candidate)), str(note["fault"]))


def answer_from_json(done: Mapping[str, Any], record: JobRecord, weights: Path) -> Answer:
    """Read what ``answer_to_json`` wrote of the job with that record."""
    held_out = HeldOutScores(**done["held_out"]) if done["held_out"] is not None else None
    result = Result(record, **{name: done[name] for name in _FIGURES}, curve=tuple(done["curve"]))
    if not result.failed:
        result = replace(result, model=load_weights(valp_from_json(done["valp"], read_spec), weights))
    return Answer(result, held_out, tuple(done["notes"]))


def job_to_json(job: Job) -> dict[str, Any]:
    """Return plain JSON data of a job; the tensors of its model are kept beside."""
    return {"record": job.record.to_json(), "valp": valp_to_json(job.model.valp), "fault": job.fault}


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Return plain JSON data of an answer; the tensors of its model are kept beside."""
    result = answer.result
    figures: dict[str, Any] = {name: _plain(getattr(result, name)) for name in _FIGURES}
    return {
        "valp": valp_to_json(result.model.valp) if result.model else None,
        "held_out": asdict(answer.held_out) if answer.held_out else None,
        "curve": [dict(epoch) for epoch in result.curve],
        "notes": list(answer.notes),
        **figures,
    }


def _plain(value: Any) -> Any:
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value
