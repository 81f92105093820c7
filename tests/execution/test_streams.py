"""Streams: as many groups at a time as asked, each within a stream of its own, every result once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import torch

from tests.training.toy_data import evaluator_of, toy_model, toy_prepared
from valpnas.contracts.executor import Group
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.contracts.protocol import Protocol
from valpnas.execution.serial import Serial
from valpnas.execution.streams import Streams, cuda_stream
from valpnas.graph.canonical import canonical_hash
from valpnas.seeding import stream
from valpnas.training.compiled.engine import CompiledEngine
from valpnas.training.trainer import JobTrainer

PREPARED = toy_prepared()
EVALUATOR = evaluator_of(PREPARED)
TRAINER = JobTrainer(PREPARED, EVALUATOR, CompiledEngine(), lambda candidate, purpose: stream(0, candidate, purpose))


def groups(count: int) -> list[Group]:
    """Return pairs of jobs."""
    jobs = []
    for number in range(count):
        model = toy_model(PREPARED, number)
        jobs.append(Job(JobRecord(number, (), "start", canonical_hash(model.valp), Protocol(4)), model))
    return [jobs[i : i + 2] for i in range(0, count, 2)]


@contextmanager
def nothing() -> Iterator[None]:
    yield


def test_results_are_those_of_one_job_after_the_other() -> None:
    asked = groups(6)
    alone = {result.candidate: result.objectives for result in Serial().run(asked, TRAINER.together)}
    found = list(Streams(3, nothing).run(asked, TRAINER.together))
    assert {result.candidate: result.objectives for result in found} == alone
    assert len(found) == len(alone)


def test_as_many_at_a_time_as_asked_each_within_its_stream() -> None:
    meeting, entered = threading.Barrier(2, timeout=60), list[int]()

    @contextmanager
    def counted() -> Iterator[None]:
        entered.append(threading.get_ident())
        yield

    def trainer(group: Group) -> Sequence[Result]:
        meeting.wait()  # two are here at once, or nobody goes on
        return [Result(job.record) for job in group]

    assert len(list(Streams(2, counted).run(groups(8), trainer))) == 8
    assert len(entered) == 4
    assert len(set(entered)) == 2


def test_a_trainer_that_raises_is_heard() -> None:
    def trainer(group: Group) -> Sequence[Result]:  # noqa: ARG001
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        list(Streams(2, nothing).run(groups(4), trainer))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_each_has_a_stream_of_its_own() -> None:
    device, seen = torch.device("cuda"), set[int]()

    def trainer(group: Group) -> Sequence[Result]:
        seen.add(torch.cuda.current_stream(device).cuda_stream)
        return [Result(job.record) for job in group]

    list(Streams(2, cuda_stream(device)).run(groups(4), trainer))
    assert torch.cuda.default_stream(device).cuda_stream not in seen
