"""The trainer: what a result says of a job, and how everything that can go wrong becomes a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from valpnas.contracts.job import Job, JobRecord
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.errors import DataError, TrainingFailedError
from valpnas.graph.canonical import canonical_hash
from valpnas.seeding import stream
from valpnas.training.clock import BatchClock
from valpnas.training.data import Prepared
from valpnas.training.engine import Engine, PlainEngine
from valpnas.training.objectives import Losses
from valpnas.training.trainer import JobTrainer, multiply_adds

from .toy_data import DENSE, evaluator_of, toy_model, toy_prepared, with_algorithm

PREPARED = toy_prepared()
EVALUATOR = evaluator_of(PREPARED)


class Broken(Engine):
    """Does something else instead of training."""

    def __init__(self, instead: Callable[[], object]) -> None:
        self.instead = instead

    def train(
        self,
        model: Model,
        prepared: Prepared,  # noqa: ARG002
        losses: Losses,  # noqa: ARG002
        protocol: Protocol,  # noqa: ARG002
        rng: np.random.Generator,  # noqa: ARG002
        clock: BatchClock | None = None,  # noqa: ARG002
    ) -> Model:
        self.instead()
        return model


def trainer(engine: Engine) -> JobTrainer:
    return JobTrainer(PREPARED, EVALUATOR, engine, lambda candidate, purpose: stream(0, candidate, purpose))


def job(model: Model, batches: int = 3, candidate: int = 4, time_limit: float = 0.0) -> Job:
    protocol = Protocol(batches, Schedule("constant"), (0.0, 1.0), time_limit)
    return Job(JobRecord(candidate, (), "start", canonical_hash(model.valp), protocol), model)


def throw(error: BaseException) -> Callable[[], object]:
    def raise_it() -> None:
        raise error

    return raise_it


def test_a_result_says_what_was_done_and_what_came_of_it() -> None:
    model = toy_model(PREPARED)
    asked = job(model)
    result = trainer(PlainEngine())(asked)
    assert not result.failed
    assert result.record is asked.record
    assert set(result.objectives) == set(result.reported) == {"drawn", "kind", "number", "shares"}
    assert (result.batches, result.parameters) == (3, model.parameters)
    assert set(result.seconds) == {"training", "evaluation"}
    assert min(result.seconds.values()) > 0
    assert result.model is not None
    assert result.model.batches == 3
    assert result.objectives == {n: s.objective for n, s in EVALUATOR.scores(result.model, "validation").items()}


def test_a_candidate_s_training_depends_on_its_number_alone() -> None:
    model = toy_model(PREPARED)
    run = trainer(PlainEngine())
    one, again, other = (run(job(model, candidate=c)).objectives for c in (1, 1, 2))
    assert one == again != other


def test_cost_counts_the_matrix_products_of_three_passes() -> None:
    model = toy_model(PREPARED, space=replace(DENSE, networks=("dense", "decoder")), batch_size=20)
    products = sum(int(np.prod(w.shape)) for w in model.weights.values() if w.dim() == 2)
    assert multiply_adds(model, 1000) == 3 * 20 * products
    assert trainer(PlainEngine())(job(model, batches=5)).cost == 5 * 3 * 20 * products


def test_divergence_is_a_failure_with_its_reason() -> None:
    result = trainer(PlainEngine())(job(with_algorithm(toy_model(PREPARED), "sgd", 1e30), batches=50))
    assert result.failed
    assert result.reason.startswith("diverged: the loss of ")
    assert (result.model, result.objectives, result.batches) == (None, {}, 50)  # spent, and counted


def test_divergence_in_the_very_last_step_is_noticed() -> None:
    """The losses seen were finite; the weights left behind are not."""
    result = trainer(PlainEngine())(job(with_algorithm(toy_model(PREPARED), "sgd", 1e38), batches=1))
    assert result.reason.startswith("diverged: ")


def test_a_time_limit_is_a_failure_with_its_reason() -> None:
    result = trainer(PlainEngine())(job(toy_model(PREPARED), batches=2, time_limit=1e-9))
    assert result.reason == "timed out: 1e-09 s were over after 2 of 2 batches"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TrainingFailedError("diverged: so it is"), "diverged: so it is"),
        (torch.OutOfMemoryError("CUDA out of memory.\nTried to"), "out of memory: CUDA out of memory."),
        (MemoryError(), "out of memory: no reason given"),
        (RuntimeError("shapes (2,) and (3,)\n  at line 3"), "raised RuntimeError: shapes (2,) and (3,)"),
        (KeyError("n3"), "raised KeyError: 'n3'"),
        (DataError("no such row"), "raised DataError: no such row"),
        (ValueError("x" * 1000), f"raised ValueError: {'x' * 300}"),
    ],
)
def test_what_is_raised_becomes_one_line_of_reason(error: Exception, reason: str) -> None:
    result = trainer(Broken(throw(error)))(job(toy_model(PREPARED)))
    assert (result.reason, result.model) == (reason, None)


def test_a_real_lack_of_memory_is_called_that() -> None:
    result = trainer(Broken(lambda: torch.empty(2**50)))(job(toy_model(PREPARED)))
    assert result.reason.startswith("out of memory: ")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_a_user_who_stops_the_run_is_obeyed(error: BaseException) -> None:
    with pytest.raises(type(error)):
        trainer(Broken(throw(error)))(job(toy_model(PREPARED)))


def test_a_candidate_whose_operator_broke_is_not_trained() -> None:
    asked = replace(job(toy_model(PREPARED)), fault="add_layer raised KeyError: 'n3'")
    result = trainer(Broken(throw(AssertionError("trained"))))(asked)
    assert result.reason == "add_layer raised KeyError: 'n3'"
