"""Further objectives: counted exactly, timed by the clock that is handed in, and limits kept before training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.training.toy_data import toy_model, toy_prepared
from valpnas.contracts.executor import Group
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.contracts.protocol import Protocol
from valpnas.training.measuring import MEASURES, flops, latency, measuring, parameters

PREPARED = toy_prepared()
MODEL = toy_model(PREPARED)


def clock(seconds: float) -> Callable[[], float]:
    """Return a clock on which every look takes as long."""
    ticks = iter(np.arange(1000.0))
    return lambda: float(next(ticks)) * seconds


def job(fault: str = "") -> Job:
    return Job(JobRecord(0, (), "start", "g", Protocol(1)), MODEL, fault)


def trained(group: Group) -> list[Result]:
    return [Result(job.record, reason=job.fault) if job.fault else Result(job.record, {"y": 1.0}) for job in group]


def test_flops_are_two_per_weight_of_a_matrix() -> None:
    matrices = sum(tensor.numel() for tensor in MODEL.weights.values() if tensor.dim() == 2)
    assert flops(MODEL, PREPARED, clock(1)) == 2 * matrices
    assert parameters(MODEL, PREPARED, clock(1)) == MODEL.parameters


def test_latency_is_in_milliseconds_of_the_clock() -> None:
    assert latency(MODEL, PREPARED, clock(0.002)) == pytest.approx(2.0)


def test_measures_join_the_objectives_of_a_trained_model() -> None:
    trainer = measuring(trained, PREPARED, ["latency", "parameters"], clock=clock(0.001))
    assert trainer([job()])[0].objectives == {
        "y": 1.0,
        "latency": pytest.approx(1.0),
        "parameters": float(MODEL.parameters),
    }
    assert trainer([job("broken")])[0].reason == "broken"
    assert set(MEASURES) == {"parameters", "flops", "latency"}


def test_without_anything_to_measure_the_trainer_is_left_alone() -> None:
    assert measuring(trained, PREPARED, []) is trained


def test_what_is_too_slow_is_not_trained() -> None:
    def never(_: Group) -> list[Result]:
        raise AssertionError

    (result,) = measuring(never, PREPARED, [], max_latency=1.5, clock=clock(0.002))([job()])
    assert result.reason == "latency 2 ms exceeds max_latency 1.5 ms"
    (result,) = measuring(trained, PREPARED, [], max_latency=2.5, clock=clock(0.002))([job()])
    assert result.objectives == {"y": 1.0}


def test_of_a_group_those_that_are_quick_enough_are_trained_together() -> None:
    seen: list[int] = []

    def noting(group: Group) -> list[Result]:
        seen.extend(job.record.candidate for job in group)
        return trained(group)

    ticks = iter(np.cumsum([1e-4] * 40 + [1e-2] * 40 + [1e-4] * 40))
    trainer = measuring(noting, PREPARED, ["parameters"], max_latency=1.0, clock=lambda: float(next(ticks)))
    results = trainer([replace(job(), record=replace(job().record, candidate=candidate)) for candidate in range(3)])
    assert seen == [0, 2]
    assert [result.candidate for result in results] == [0, 1, 2]
    assert [result.failed for result in results] == [False, True, False]
    assert results[2].objectives == {"y": 1.0, "parameters": float(MODEL.parameters)}
