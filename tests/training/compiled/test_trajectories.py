"""Whole phases: both engines end at the same weights, state, losses and counts, and fail alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.training.test_engine import contents
from tests.training.toy_data import losses_of, prepared_for, toy_model, toy_prepared, with_algorithm
from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.graph.valp import ALGORITHMS, OutputTraining, Valp
from valpnas.seeding import stream
from valpnas.testing.strategies import valps
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Fixed, Sum
from valpnas.training.balancing.gradnorm import GradNorm
from valpnas.training.balancing.uncertainty import Uncertainty
from valpnas.training.compiled.engine import CompiledEngine
from valpnas.training.compiled.lowering import has_foreign
from valpnas.training.data import Prepared
from valpnas.training.engine import PlainEngine

from .shared import assert_same, model_of, trained

# Small steps: with large ones the last digits of float32 grow along the way, under either engine.
RATES = {"adam": 1e-3, "adamw": 1e-3, "sgd": 1e-2, "rmsprop": 1e-3, "adagrad": 1e-2}
PREPARED = toy_prepared()


@pytest.mark.parametrize("balancer", [Sum(), Fixed({"kind": 2.0}), Uncertainty()], ids=lambda b: b.name)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("seed", [0, 1])
def test_two_hundred_batches_end_at_the_same_model(seed: int, algorithm: str, balancer: Balancer) -> None:
    model = with_algorithm(toy_model(PREPARED, seed), algorithm, RATES[algorithm])
    assert_same(*trained(model, PREPARED, losses_of(PREPARED), 200, balancer))


@settings(max_examples=12, deadline=None)
@given(valps(), st.integers(0, 1000))
def test_drawn_valps_end_at_the_same_model(valp: Valp, seed: int) -> None:
    """A few batches of any graph, with its own optimiser groups; differences of single bits have no time to grow.

    But for cells, which test_cells.py is about: the gradient of a bias ahead of a normalisation is rounding alone.
    """
    assume(not has_foreign(valp))
    gentle = {output: replace(how, learning_rate=min(how.learning_rate, 2e-3))
              for output, how in valp.output_training.items()}  # fmt: skip
    prepared = prepared_for(valp, seed)
    model = model_of(replace(valp, training=tuple(gentle[o.name] for o in valp.outputs)), seed)
    plain, planned = trained(model, prepared, losses_of(prepared), 5)
    assert_same(replace(plain, optimiser={}), replace(planned, optimiser={}), 2e-3)


def test_what_a_protocol_alters_is_altered_alike() -> None:
    """Augmented images, smoothed labels, decayed weights, all with the same draws."""
    model = with_algorithm(toy_model(PREPARED), "adamw", 1e-3)
    decayed = tuple(replace(how, weight_decay=0.3) for how in model.valp.training)
    model = replace(model, valp=replace(model.valp, training=decayed))
    how = {"augmentation": Augmentation(shift=0.4, flip=True, cutout=0.4), "label_smoothing": 0.2}
    plain, planned = trained(model, PREPARED, losses_of(PREPARED), 60, **how)
    assert_same(plain, planned)
    unaltered, _ = trained(model, PREPARED, losses_of(PREPARED), 60)
    assert contents(unaltered) != contents(plain)


def two_groups(model: Model) -> Model:
    return replace(model, valp=model.valp.with_training("kind", OutputTraining(1e-3, "sgd")))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_several_groups_move_what_they_share(algorithm: str) -> None:
    model = two_groups(with_algorithm(toy_model(PREPARED), algorithm, RATES[algorithm]))
    assert_same(*trained(model, PREPARED, losses_of(PREPARED), 100))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_tensors_of_different_ages_keep_their_own_step_counts(algorithm: str) -> None:
    """After a change some tensors have no state, those of one source among them."""
    model = with_algorithm(toy_model(PREPARED, 1), algorithm, RATES[algorithm])
    old, _ = trained(model, PREPARED, losses_of(PREPARED), 7)
    (lead,) = old.optimiser
    kept = {name: slots for i, (name, slots) in enumerate(old.optimiser[lead].items()) if i % 3}
    assert_same(*trained(replace(old, optimiser={lead: kept}), PREPARED, losses_of(PREPARED), 60))


def test_gradnorm_is_the_plain_engines(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "valpnas"):
        plain, planned = trained(toy_model(PREPARED), PREPARED, losses_of(PREPARED), 20, GradNorm())
    assert contents(plain) == contents(planned)
    assert "balancing gradnorm needs gradients of single losses: the plain engine trains" in caplog.text


def train(model: Model, prepared: Prepared, batches: int, limit: float = 0.0) -> Model:
    protocol = Protocol(batches, time_limit=limit)
    return CompiledEngine().train(model, prepared, losses_of(prepared), protocol, stream(0, "test"))


def test_training_twice_gives_the_same_bits_and_leaves_the_parent_alone() -> None:
    model = toy_model(PREPARED)
    before = contents(model)
    assert contents(train(model, PREPARED, 30)) == contents(train(model, PREPARED, 30))
    assert contents(model) == before


def test_training_on_gives_the_same_bits_and_leaves_the_parent_alone() -> None:
    parent = train(toy_model(PREPARED, rates={"number": 1e-3}), PREPARED, 10)
    before = contents(parent)
    assert contents(train(parent, PREPARED, 10)) == contents(train(parent, PREPARED, 10))
    assert contents(parent) == before


def test_failures_are_those_of_the_plain_engine() -> None:
    with pytest.raises(TrainingFailedError, match=r"diverged: the loss of '[a-z]+' is not finite at batch [0-9]+"):
        train(with_algorithm(toy_model(PREPARED), "sgd", 1e30), PREPARED, 50)
    with pytest.raises(TrainingFailedError, match="timed out: 1e-09 s were over after 2 of 2 batches"):
        train(toy_model(PREPARED), PREPARED, 2, limit=1e-9)
    with pytest.raises(TrainingFailedError, match="output in \\[loss_weights\\]"):
        CompiledEngine(Fixed({"nothing": 1.0})).train(
            toy_model(PREPARED), PREPARED, losses_of(PREPARED), Protocol(1), stream(0, "test"))  # fmt: skip


@pytest.mark.parametrize("output", [output.name for output in PREPARED.problem.outputs])
def test_the_output_that_diverged_is_named_and_no_other(output: str) -> None:
    model = toy_model(PREPARED)
    weights = {
        **model.weights,
        f"outputs.{output}.bias": torch.full_like(model.weights[f"outputs.{output}.bias"], torch.nan),
    }
    for engine in (PlainEngine(), CompiledEngine()):
        with pytest.raises(TrainingFailedError, match=f"the loss of '{output}' is not finite at batch 1"):
            engine.train(replace(model, weights=weights), PREPARED, losses_of(PREPARED), Protocol(1), stream(0, "test"))


def test_a_batch_larger_than_the_data_is_all_of_them() -> None:
    assert_same(*trained(toy_model(PREPARED, batch_size=10_000), PREPARED, losses_of(PREPARED), 5))
