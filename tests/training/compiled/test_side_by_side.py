"""Models side by side: each ends where training it alone ends, and fails alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.training.toy_data import losses_of, prepared_for, toy_model, toy_prepared, with_algorithm
from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.graph.valp import ALGORITHMS, OutputTraining, Valp
from valpnas.networks.module import fresh_model
from valpnas.seeding import stream
from valpnas.testing.strategies import valps
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Fixed, Sum
from valpnas.training.balancing.uncertainty import Uncertainty
from valpnas.training.compiled.compile import compile_phase
from valpnas.training.compiled.engine import CompiledEngine
from valpnas.training.compiled.lowering import has_foreign
from valpnas.training.data import Prepared
from valpnas.training.phase import Outcome

from .shared import assert_same

PREPARED = toy_prepared()
RATES = {"adam": 1e-3, "adamw": 1e-3, "sgd": 1e-2, "rmsprop": 1e-3, "adagrad": 1e-2}


def siblings(valp: Valp, count: int = 3) -> list[Model]:
    return [fresh_model(valp, stream(number, "sibling")) for number in range(count)]


def both(
    models: Sequence[Model], prepared: Prepared, batches: int, balancer: Balancer | None = None, **more: Augmentation
) -> list[tuple[Model, Outcome]]:
    """Train ``models`` one by one and side by side."""
    engine, losses, protocol = CompiledEngine(balancer or Sum()), losses_of(prepared), Protocol(batches, **more)
    alone = [engine.train(m, prepared, losses, protocol, stream(k, "rows")) for k, m in enumerate(models)]
    rngs = [stream(k, "rows") for k in range(len(models))]
    together = engine.train_side_by_side(models, prepared, losses, protocol, rngs)
    return list(zip(alone, together, strict=True))


def assert_all_same(found: Sequence[tuple[Model, Outcome]]) -> None:
    for alone, outcome in found:
        assert isinstance(outcome, Model)
        assert_same(alone, outcome)


@pytest.mark.parametrize("balancer", [Sum(), Fixed({"kind": 2.0}), Uncertainty()], ids=lambda b: b.name)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_models_of_one_shape_are_as_if_alone(algorithm: str, balancer: Balancer) -> None:
    valp = with_algorithm(toy_model(PREPARED), algorithm, RATES[algorithm]).valp
    valp = valp.with_training("kind", OutputTraining(2e-3, "adam"))
    assert_all_same(both(siblings(valp), PREPARED, 60, balancer))


@settings(max_examples=10, deadline=None)
@given(valps(), st.integers(0, 1000))
def test_drawn_shapes_are_as_if_alone(valp: Valp, seed: int) -> None:
    assume(not has_foreign(valp))  # several of those are not trained side by side
    how = tuple(OutputTraining(1e-3, "sgd") for _ in valp.outputs)  # not Adam, which makes much of rounding
    assert_all_same(both(siblings(replace(valp, training=how), 2), prepared_for(valp, seed), 3))


def test_different_ages_and_shapes_mix() -> None:
    """Two of one shape, one of them trained before, and one of another shape between them."""
    young, old = siblings(toy_model(PREPARED).valp, 2)
    old = both([old], PREPARED, 7)[0][0]
    found = both([young, toy_model(PREPARED, 5), old], PREPARED, 40)
    assert_all_same(found)
    assert [alone.batches for alone, _ in found] == [40, 40, 47]


def test_each_model_has_images_altered_by_draws_of_its_own() -> None:
    how = Augmentation(shift=0.4, flip=True)
    assert_all_same(both(siblings(toy_model(PREPARED).valp), PREPARED, 20, augmentation=how))


def test_one_that_fails_does_not_stop_the_others() -> None:
    sound, broken = siblings(toy_model(PREPARED).valp, 2)
    weights = {name: torch.full_like(weight, torch.inf) for name, weight in broken.weights.items()}
    rngs = [stream(k, "rows") for k in range(2)]
    broken = replace(broken, weights=weights)
    done, failed = CompiledEngine().train_side_by_side(
        [sound, broken], PREPARED, losses_of(PREPARED), Protocol(150), rngs
    )
    alone = CompiledEngine().train(sound, PREPARED, losses_of(PREPARED), Protocol(150), stream(0, "rows"))
    assert isinstance(done, Model)
    assert_same(alone, done)
    assert isinstance(failed, TrainingFailedError)
    assert "diverged" in str(failed)


def test_one_plan_is_for_one_shape() -> None:
    models = [toy_model(PREPARED, seed) for seed in (0, 5)]
    generators = [torch.Generator() for _ in models]
    with pytest.raises(ValueError, match="expected models of equal VALPs, got different ones"):
        compile_phase(models, PREPARED.train, losses_of(PREPARED), Sum(), Protocol(), generators)
