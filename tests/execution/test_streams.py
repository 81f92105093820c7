"""Streams: as many groups at a time as asked, each within a stream of its own, every result once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch

from tests.training.toy_data import evaluator_of, toy_model, toy_prepared
from valpnas.contracts.executor import Answer, Executor, Group
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


def work(group: Group) -> list[Answer]:
    """Train a group."""
    return [Answer(result) for result in TRAINER.together(group)]


def all_of(executor: Executor, asked: list[Group]) -> list[Result]:
    """Have groups trained."""
    with executor:
        for group in asked:
            executor.submit(group)
        return [answer.result for answers in executor.results() for answer in answers]


def groups(count: int) -> list[Group]:
    """Return pairs of jobs."""
    jobs = []
    for number in range(count):
        model = toy_model(PREPARED, number)
        jobs.append(Job(JobRecord(number, (), "start", canonical_hash(model.valp), Protocol(4)), model))
    return [jobs[i : i + 2] for i in range(0, count, 2)]


def test_results_are_those_of_one_job_after_the_other() -> None:
    asked = groups(6)
    alone = {result.candidate: result.objectives for result in all_of(Serial(work), asked)}
    found = all_of(Streams(work, 3, nullcontext), asked)
    assert {result.candidate: result.objectives for result in found} == alone
    assert len(found) == len(alone)


def test_as_many_at_a_time_as_asked_each_within_its_stream() -> None:
    meeting, entered = threading.Barrier(2, timeout=60), list[int]()

    @contextmanager
    def counted() -> Iterator[None]:
        entered.append(threading.get_ident())
        yield

    def meet(group: Group) -> list[Answer]:
        meeting.wait()  # two are here at once, or nobody goes on
        return [Answer(Result(job.record)) for job in group]

    assert len(all_of(Streams(meet, 2, counted), groups(8))) == 8
    assert len(entered) == 4
    assert len(set(entered)) == 2


def test_work_that_raises_is_heard() -> None:
    def broken(group: Group) -> list[Answer]:  # noqa: ARG001
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        all_of(Streams(broken, 2, nullcontext), groups(4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_each_has_a_stream_of_its_own() -> None:
    device, seen = torch.device("cuda"), set[int]()

    def look(group: Group) -> list[Answer]:
        seen.add(torch.cuda.current_stream(device).cuda_stream)
        return [Answer(Result(job.record)) for job in group]

    all_of(Streams(look, 2, cuda_stream(device)), groups(4))
    assert torch.cuda.default_stream(device).cuda_stream not in seen
