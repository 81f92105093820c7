"""Termination: when the hypervolume stands still, or the time of all sittings together is up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from valpnas.contracts.job import Job, Result
from valpnas.search import archive
from valpnas.search.termination import Termination

from .fakes import FakeBench, Verdict, better, play, worse
from .test_population import bench, gossip, population


def bounded_bench(**settings: Any) -> FakeBench:
    made = bench(**settings)
    bounds = {"reference": dict.fromkeys(("y1", "y2", "y3"), 100.0), "ideal": dict.fromkeys(("y1", "y2", "y3"), 0.01)}
    made.problem = replace(made.problem, **bounds)
    return made


def test_it_ends_when_the_hypervolume_stands_still() -> None:
    search = population(generations=9, termination=Termination(stagnation=2))
    assert len(play(search, bounded_bench(), worse).jobs) == 4 + 2 * 4
    assert len(play(search, bounded_bench(), better).jobs) == 4 + 9 * 4


def test_it_ends_too_where_no_model_reaches_the_reference() -> None:
    """The hypervolume is 0 throughout; who gets better goes on, who does not ends."""
    made = bounded_bench()
    made.problem = replace(made.problem, reference=dict.fromkeys(("y1", "y2", "y3"), 0.02))
    search = population(generations=5, termination=Termination(stagnation=2))
    assert len(play(search, made, worse).jobs) == 4 + 2 * 4

    def slowly(job: Job) -> Verdict:
        return dict.fromkeys(job.model.valp.tasks, 1.0 / (1 + job.record.candidate) + 0.02)

    assert len(play(search, made, slowly).jobs) == 4 + 5 * 4


def test_a_model_that_got_smaller_is_a_gain_where_size_is_an_objective() -> None:
    def smaller(job: Job) -> Verdict:
        return {"y1": 1.0, "y2": 1.0, "y3": 1.0, "parameters": 1000.0 / (1 + job.record.candidate)}

    search = population(generations=5, termination=Termination(stagnation=2, limits={"parameters": 1000.0}))
    assert len(play(search, bounded_bench(), smaller).jobs) == 4 + 5 * 4
    same = {"y1": 1.0, "y2": 1.0, "y3": 1.0, "parameters": 10.0}
    assert len(play(search, bounded_bench(), lambda _: same).jobs) == 4 + 2 * 4


def test_it_ends_when_the_time_is_up_by_the_wall_time_of_the_results() -> None:
    search = population(generations=9, termination=Termination(seconds=25.0))
    state, jobs, made = search.begin(), 0, bench()
    while asked := search.ask(state, made):
        results = [
            Result(j.record, better(j), seconds={"training": 99.0}, elapsed=2.5 * (j.record.candidate + 1))  # type: ignore[arg-type]
            for j in asked
        ]
        state, jobs = search.tell(state, results), jobs + len(asked)
        made.models |= {job.record.candidate: job.model for job in asked}
    assert jobs == 12, "ten seconds a generation: after the third it is over"


def test_a_child_at_a_time_it_ends_too_when_the_hypervolume_stands_still() -> None:
    """As many children as members are a generation; those that are out then are still heard."""
    jobs, states = gossip(population(generations=9, termination=Termination(stagnation=2)), bounded_bench(), 3)
    assert 2 <= states[-1].generation < 9
    assert len(jobs) < 4 + 9 * 4


def test_the_hypervolume_of_a_front_is_measured_once_however_often_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    monkeypatch.setattr(archive, "volume", lambda points: measured.append(len(points)) or 0.5)
    search, made = population(generations=9, termination=Termination(stagnation=1)), bounded_bench()
    state = play(replace(search, generations=2, termination=Termination()), bounded_bench(), better).states[-1]
    state = replace(state, fronts=(state.archive, state.archive.with_([], [])))
    assert all(search.termination.due(state, made) for _ in range(5))
    assert len(measured) == 1


@pytest.mark.parametrize("limits", [{}, {"parameters": 1000.0}])
def test_the_worst_start_bounds_what_has_no_limit(limits: dict[str, float]) -> None:
    def of(job: Job) -> Verdict:
        return {"y1": 1.0, "y2": 1.0, "y3": 1.0, "parameters": 900.0 - job.record.candidate}

    search = population(generations=3, termination=Termination(stagnation=1, limits=limits))
    assert 4 + 4 <= len(play(search, bounded_bench(), of).jobs) <= 4 + 3 * 4
