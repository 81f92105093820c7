"""What every executor promises: one answer per job, the same bits wherever it ran, and nothing after a cancellation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from valpnas.contracts.executor import Answer, Executor
from valpnas.contracts.job import Job
from valpnas.execution.processes import Processes
from valpnas.execution.ray_cluster import RayCluster
from valpnas.execution.serial import Serial
from valpnas.execution.shared import Shared
from valpnas.execution.streams import Streams
from valpnas.store.jobs import JobFolder

from .works import Obey, altered, answers_of, job, obey

MAKERS: dict[str, Callable[[Path], Executor]] = {
    "serial": lambda _: Serial(Obey()),
    "streams": lambda _: Streams(Obey(), 2, nullcontext),
    "processes": lambda _: Processes([obey] * 2),
    "shared": lambda folder: Shared(JobFolder(folder / "jobs"), Obey(), 2),
    "ray": lambda _: RayCluster(Obey(), 2),
}


@pytest.fixture(params=["serial", "streams", "processes", "shared", pytest.param("ray", marks=pytest.mark.ray)])
def executor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Executor]:
    if request.param == "ray":
        request.getfixturevalue("_ray")
    with MAKERS[request.param](tmp_path) as made:
        assert made.name == request.param
        yield made


@pytest.mark.timeout(300)
def test_every_job_has_one_answer_and_it_is_the_same_everywhere(executor: Executor) -> None:
    jobs = [job(candidate) for candidate in range(7)]
    for group in (jobs[:1], jobs[1:4]):
        executor.submit(group)
    early = next(iter(executor.results()))  # left, and asked for again
    for each in jobs[4:]:
        executor.submit([each])
    answers = {answer.result.candidate: answer for answer in [*early, *answers_of(executor)]}
    assert sorted(answers) == [0, 1, 2, 3, 4, 5, 6]
    of_the_group = [answers[candidate].held_out for candidate in (1, 2, 3)]
    assert len({scores.objectives["y"] for scores in of_the_group if scores}) == 1  # one process did it
    assert list(executor.results()) == []
    for each in jobs:
        assert_as_expected(answers[each.record.candidate], each)


def assert_as_expected(answer: Answer, given: Job) -> None:
    """Compare with what the work does, bit for bit."""
    model, expected = answer.result.model, altered(given.model)
    assert model is not None
    assert answer.result.record == given.record
    assert answer.held_out is not None
    assert answer.notes == ("a note",)
    assert set(model.weights) == set(expected.weights)
    assert all(torch.equal(model.weights[name], tensor) for name, tensor in expected.weights.items())
    assert all(tensor["m"].shape == (2, 6) for tensor in model.optimiser["y"].values())
    assert model.valp == expected.valp
    assert all(tensor.is_contiguous() for tensor in model.weights.values())


@pytest.mark.timeout(300)
def test_what_was_cancelled_is_not_answered(executor: Executor) -> None:
    for candidate in range(3):
        executor.submit([job(candidate)])
    executor.cancel()
    executor.submit([job(7)])
    assert [answer.result.candidate for answer in answers_of(executor)] == [7]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["streams", "processes", pytest.param("ray", marks=pytest.mark.ray)])
def test_jobs_run_side_by_side(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The first waits for a file that the second writes: one after the other they would never end."""
    if kind == "ray":
        request.getfixturevalue("_ray")
    processes = 1 if kind == "streams" else 3
    with MAKERS[kind](tmp_path) as executor:
        executor.submit([job(0, f"wait for {tmp_path / 'sign'}")])
        executor.submit([job(1)])
        answers = answers_of(executor)
        first = next(answers)
        assert first.result.candidate == 1
        assert executor.room == 2
        (tmp_path / "sign").touch()
        second = next(answers)
        assert first.held_out is not None
        assert second.held_out is not None
        assert len({first.held_out.objectives["y"], second.held_out.objectives["y"], os.getpid()}) == processes
