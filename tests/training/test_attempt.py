"""Jobs with checkpoints: the best state and its score, the curve, what is counted, and weight decay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from tests.training.toy_data import DENSE, evaluator_of, losses_of, toy_model, toy_prepared
from valpnas.cells.drop_path import DropPath
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Output, OutputTraining
from valpnas.seeding import stream
from valpnas.training import engine
from valpnas.training.attempt import is_better
from valpnas.training.augmenting import Augmenter
from valpnas.training.checkpoints import checkpoints
from valpnas.training.clock import BatchClock
from valpnas.training.engine import PlainEngine, batches_per_epoch
from valpnas.training.objectives import Score
from valpnas.training.trainer import JobTrainer, WarmedUp

PREPARED = toy_prepared(rows=200, outputs=(Output("kind", Classification(3)),))
EVALUATOR = evaluator_of(PREPARED)
ROWS = len(PREPARED.train)
BY_EPOCHS = Protocol(0, Schedule("cosine-restarts"), (0.0, 1.0), select="best-epoch")


def model(rate: float = 3e-3, algorithm: str = "adam", decay: float = 0.01) -> Model:
    made = toy_model(PREPARED, batch_size=20, space=DENSE)
    return replace(made, valp=made.valp.with_training("kind", OutputTraining(rate, algorithm, decay)))


def job(batches: int, protocol: Protocol = BY_EPOCHS, start: Model | None = None) -> Job:
    chosen = start or model()
    return Job(JobRecord(4, (), "start", canonical_hash(chosen.valp), replace(protocol, batches=batches)), chosen)


def trained(what: Job, seen: list[tuple[int, int]] | None = None) -> Result:
    watch = (lambda done, of: seen.append((done, of))) if seen is not None else (lambda *_: None)
    return JobTrainer(PREPARED, EVALUATOR, PlainEngine(), lambda c, p: stream(0, c, p), watch)(what)


def test_the_best_epoch_counts_and_every_epoch_is_scored() -> None:
    seen: list[tuple[int, int]] = []
    length = batches_per_epoch(ROWS, 20)
    assert length == ROWS // 20 == 5
    result = trained(job(7 * length, start=model(0.05)), seen)
    assert seen == [(epoch, 7) for epoch in range(1, 8)]
    errors = [objectives["kind"] for objectives in result.curve]
    assert len(errors) == 7
    assert result.objectives["kind"] == min(errors)
    assert result.batches == 7 * length  # all that was spent
    assert result.model is not None
    epoch = result.model.batches // length
    assert result.model.batches == len(result.model.histories["kind"]) == epoch * length
    assert errors[epoch - 1] == min(errors)
    assert EVALUATOR.scores(result.model, "validation")["kind"].objective == min(errors)


def test_equal_errors_are_told_apart_by_their_cross_entropy() -> None:
    result = trained(job(40, start=model(1e-6)))  # hardly learns: errors stay, the loss falls
    errors = [objectives["kind"] for objectives in result.curve]
    assert len(set(errors)) == 1
    assert result.model is not None
    assert result.model.batches > 5


def test_an_epoch_that_is_cut_off_is_scored_too() -> None:
    result = trained(job(12))
    assert len(result.curve) == 3
    assert result.batches == 12


def test_epochs_are_the_same_bits_every_time_and_the_last_state_without_selection_has_no_curve() -> None:
    one, other = trained(job(15)), trained(job(15))
    assert one.model is not None
    assert other.model is not None
    assert (one.objectives, one.curve) == (other.objectives, other.curve)
    assert all(torch.equal(one.model.weights[name], other.model.weights[name]) for name in one.model.weights)
    last = trained(job(15, replace(BY_EPOCHS, select="last")))
    assert last.curve == ()
    assert last.model is not None
    assert last.model.batches == 15


@pytest.mark.parametrize(
    ("select", "batches", "epoch", "expected"),
    [
        ("last", 1000, 3, []),
        ("best-epoch", 7, 3, [3, 6, 7]),
        ("best-checkpoint", 1000, 200, [250, 500, 1000]),
        ("best-checkpoint", 25, 3, [3, 6, 12, 25]),
        ("best-checkpoint", 400, 200, [200, 400]),
        ("best-checkpoint", 399, 200, []),  # shorter than two epochs
        ("best-checkpoint", 0, 3, []),
        ("best-checkpoint", 1, 1, []),
    ],
)
def test_where_the_checkpoints_are(select: str, batches: int, epoch: int, expected: list[int]) -> None:
    assert checkpoints(Protocol(batches, select=select), epoch) == expected


def test_the_best_checkpoint_counts_and_what_is_spent_after_it_counts_as_spent() -> None:
    """At this rate the error is lowest before the end."""
    result = trained(job(80, replace(BY_EPOCHS, select="best-checkpoint"), start=model(0.1)))
    errors = [objectives["kind"] for objectives in result.curve]
    assert len(errors) == 5  # after 5, 10, 20, 40 and 80 batches
    assert result.objectives["kind"] == min(errors)
    assert result.batches == 80
    assert result.model is not None
    assert result.kept == result.model.batches < 80
    assert errors[[5, 10, 20, 40, 80].index(result.model.batches)] == min(errors)
    assert EVALUATOR.scores(result.model, "validation")["kind"].objective == min(errors)


@pytest.mark.parametrize(
    ("objectives", "others", "better"),
    [
        ((0.2, 0.5), (0.2, 0.6), True),
        ((0.2, 0.5), (0.2, 0.5), False),
        ((0.0, 0.9), (0.028, 0.3), False),  # no error on few rows is no reason to give up the other output
        ((0.0, 0.5), (0.028, 0.5), True),
        ((0.0, 0.5), (0.0, 0.6), True),
    ],
)
def test_the_better_state_is_that_of_the_lower_mean_log_ratio(
    objectives: tuple[float, float], others: tuple[float, float], better: bool
) -> None:
    one, other = ({"a": Score(each[0], {}), "b": Score(each[1], {})} for each in (objectives, others))
    assert is_better(one, other) is better
    assert not (is_better(one, other) and is_better(other, one))


def test_too_few_batches_for_a_choice_are_trained_as_those_of_the_last_state() -> None:
    short, last = (trained(job(9, replace(BY_EPOCHS, select=select))) for select in ("best-checkpoint", "last"))
    assert short.model is not None
    assert last.model is not None
    assert (short.objectives, short.curve) == (last.objectives, ())
    assert all(torch.equal(short.model.weights[name], last.model.weights[name]) for name in last.model.weights)


def test_time_runs_out_between_epochs_too() -> None:
    result = trained(job(50, replace(BY_EPOCHS, time_limit=1e-9)))
    assert result.reason.startswith("timed out: 1e-09 s were over after 5 of")
    assert result.batches == 5


def test_training_seconds_are_those_of_the_batches() -> None:
    clock = BatchClock()
    protocol = Protocol(10, Schedule("constant"))
    PlainEngine().train(model(), PREPARED, losses_of(PREPARED), protocol, stream(0, "clock"), clock)
    first = clock.seconds
    assert first > 0
    PlainEngine().train(model(), PREPARED, losses_of(PREPARED), protocol, stream(0, "clock"), clock)
    assert clock.seconds > first
    assert set(trained(job(10)).seconds) == {"training", "evaluation"}


def test_on_a_cpu_only_the_work_of_the_thread_is_counted() -> None:
    clock = BatchClock()
    with clock.running(torch.device("cpu")):
        time.sleep(0.2)
    assert clock.seconds < 0.1


def test_the_clock_rests_while_rows_are_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Watched(BatchClock):
        on, batches = False, 0

        @contextmanager
        def running(self, device: torch.device) -> Iterator[None]:
            self.on, self.batches = True, self.batches + 1
            with super().running(device):
                yield
            self.on = False

    clock, seen = Watched(), []

    def gathered(_: Augmenter, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        seen.append(clock.on)
        return inputs

    monkeypatch.setattr(Augmenter, "__call__", gathered)
    PlainEngine().train(model(), PREPARED, losses_of(PREPARED), Protocol(10), stream(0, "clock"), clock)
    assert seen == [False] * 10
    assert clock.batches == 10


def test_drop_path_follows_the_progress_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    class Watched(DropPath):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "progress" and isinstance(value, float):
                seen.append(value)
            super().__setattr__(name, value)

    monkeypatch.setattr(engine, "DropPath", Watched)
    protocol = Protocol(10, Schedule("cosine-restarts"), span=(0.2, 0.7), drop_path=0.5)
    for part in (protocol.part(0, 4), protocol.part(4, 10)):  # as epochs are trained
        PlainEngine().train(model(), PREPARED, losses_of(PREPARED), part, stream(0, "paths"))
    made = [value for value in seen if value]  # each phase begins at 0, until its first batch
    assert made == pytest.approx([0.2 + 0.05 * batch for batch in range(10)])


def test_warming_up_changes_no_result() -> None:
    calls: list[int] = []

    class Counting(PlainEngine):
        def train(self, model: Model, *rest: object, **named: object) -> Model:
            calls.append(1)
            return super().train(model, *rest, **named)  # type: ignore[arg-type]

    warmed = WarmedUp(JobTrainer(PREPARED, EVALUATOR, Counting(), lambda c, p: stream(0, c, p)))
    result = warmed(job(15))
    assert len(calls) == 4
    plain = trained(job(15))
    assert result.model is not None
    assert plain.model is not None
    assert result.curve == plain.curve
    assert all(torch.equal(result.model.weights[name], plain.model.weights[name]) for name in plain.model.weights)
    warmed(job(15))
    assert len(calls) == 7


def test_adamw_decays_by_the_outputs_weight_decay_and_others_by_none() -> None:
    rate, decay = 1e-3, 5.0
    ended = {}
    for algorithm in ("adamw", "adam"):
        for how in (0.0, decay):
            start = model(rate, algorithm, how)
            protocol = Protocol(1, Schedule("constant"))
            after = PlainEngine().train(start, PREPARED, losses_of(PREPARED), protocol, stream(0, "decay"))
            ended[algorithm, how] = (start, after)
    start, plain = ended["adamw", 0.0]
    _, decayed = ended["adamw", decay]
    for name, weight in plain.weights.items():
        taken = weight - decayed.weights[name]
        torch.testing.assert_close(taken, rate * decay * start.weights[name], rtol=1e-3, atol=1e-7)
    one, other = (ended["adam", how][1] for how in (0.0, decay))
    assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)


def test_label_smoothing_keeps_training_from_certainty() -> None:
    sure, unsure = (
        trained(job(400, Protocol(0, Schedule("constant"), label_smoothing=share), model(0.02))).model
        for share in (0.0, 0.3)
    )
    assert sure is not None
    assert unsure is not None
    certainty = [float(m.histories["kind"][-20:].mean()) for m in (sure, unsure)]
    assert certainty[0] < certainty[1]


@pytest.mark.parametrize(("rows", "size", "batches"), [(100, 20, 5), (99, 20, 4), (10, 128, 1), (20, 20, 1)])
def test_batches_of_an_epoch(rows: int, size: int, batches: int) -> None:
    assert batches_per_epoch(rows, size) == batches
