"""The training engine: repeatable, harmless to the parent, exact in its gradients, and honest about failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.errors import TrainingFailedError
from valpnas.graph.optimiser_groups import optimiser_groups
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import ALGORITHMS, Output
from valpnas.networks.module import Forward, ValpModule, load_module
from valpnas.seeding import stream
from valpnas.training.data import Prepared
from valpnas.training.engine import PlainEngine
from valpnas.training.objectives import Losses

from .toy_data import DENSE, losses_of, toy_model, toy_prepared, with_algorithm

CONSTANT = Schedule("constant")
TABLES = ("weights", "buffers", "histories")
# Nothing is drawn in training without decoders: only the order of the rows is left to chance.
PREDICTIONS = (Output("kind", Classification(3)), Output("number", Regression(2)))


def train(model: Model, prepared: Prepared, batches: int, name: int = 0, schedule: Schedule = CONSTANT) -> Model:
    protocol = Protocol(batches, schedule, (0.0, 1.0))
    return PlainEngine().train(model, prepared, losses_of(prepared), protocol, stream(0, "engine test", name))


def contents(model: Model) -> dict[str, bytes]:
    """Every tensor of a model as bytes, by name."""
    found = {f"{table} {name}": value for table in TABLES for name, value in getattr(model, table).items()}
    for lead, state in model.optimiser.items():
        found |= {f"{lead} {name} {part}": value for name, slots in state.items() for part, value in slots.items()}
    return {name: value.numpy().tobytes() for name, value in found.items()}


def whole_batches() -> tuple[Prepared, Model]:
    """A model without decoders whose batches hold every training row: its gradients can be computed by hand."""
    prepared = toy_prepared(outputs=PREDICTIONS)
    return prepared, toy_model(prepared, batch_size=512, space=DENSE)


def test_training_twice_gives_the_same_bits() -> None:
    prepared = toy_prepared()
    model = toy_model(prepared)
    one, other = train(model, prepared, 30), train(model, prepared, 30)
    assert contents(one) == contents(other)
    assert contents(one) != contents(train(model, prepared, 30, name=1))


def test_training_on_from_a_trained_model_gives_the_same_bits() -> None:
    prepared = toy_prepared()
    parent = train(toy_model(prepared, rates={"number": 1e-3}), prepared, 10)
    assert contents(train(parent, prepared, 10)) == contents(train(parent, prepared, 10))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_parent_is_not_altered(algorithm: str) -> None:
    prepared = toy_prepared()
    parent = train(with_algorithm(toy_model(prepared), algorithm), prepared, 10)
    before = contents(parent)
    train(parent, prepared, 10, name=1)
    assert contents(parent) == before


def test_a_step_follows_the_gradient_of_the_summed_losses() -> None:
    prepared, model = whole_batches()
    model = with_algorithm(model, "sgd", 0.01)
    moved = train(model, prepared, 1)
    for name, gradient in autograd(model, prepared).items():
        step = model.weights[name] - moved.weights[name]
        assert torch.allclose(step, 0.01 * gradient, atol=1e-6), name


def autograd(model: Model, prepared: Prepared) -> dict[str, Tensor]:
    module = load_module(model)
    total = sum_of_losses(module, prepared)
    names, weights = zip(*module.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(total, weights), strict=True))


def sum_of_losses(module: ValpModule, prepared: Prepared) -> Tensor:
    part = prepared.train
    return torch.stack(list(losses_of(prepared)(module, module(part.inputs), part.targets).values())).sum()


def test_groups_forced_apart_take_the_same_first_step() -> None:
    """One optimiser for both outputs and one for each must agree as long as neither has a memory."""
    prepared, model = whole_batches()
    together = with_algorithm(model, "sgd", 0.01)
    apart = replace(together.valp.training[0], learning_rate=float(np.nextafter(0.01, 1)))
    split = replace(together, valp=together.valp.with_training("kind", apart))
    assert (len(optimiser_groups(together.valp)), len(optimiser_groups(split.valp))) == (1, 2)
    one, two = train(together, prepared, 1), train(split, prepared, 1)
    for name, weight in one.weights.items():
        assert torch.allclose(weight, two.weights[name], atol=1e-7), name
    assert set(two.optimiser) == {"kind", "number"}


def test_every_group_sees_the_weights_from_before_the_step() -> None:
    """Were the second group's gradient taken after the first group's step, a large rate would show it."""
    prepared, model = whole_batches()
    model = with_algorithm(model, "sgd", 0.5)
    split = replace(model, valp=model.valp.with_training("kind", replace(model.valp.training[0], learning_rate=0.25)))
    moved = train(split, prepared, 1)
    gradients = gradients_by_output(model, prepared)
    for name, weight in model.weights.items():
        step = 0.25 * gradients["kind"][name] + 0.5 * gradients["number"][name]
        assert torch.allclose(weight - moved.weights[name], step, atol=1e-5), name


def gradients_by_output(model: Model, prepared: Prepared) -> dict[str, dict[str, Tensor]]:
    module = load_module(model)
    part = prepared.train
    losses = losses_of(prepared)(module, module(part.inputs), part.targets)
    named = dict(module.named_parameters())
    found = {}
    for output, loss in losses.items():
        weights = list(named.values())
        gradients = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True, materialize_grads=True)
        found[output] = dict(zip(named, gradients, strict=True))
    return found


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_training_in_two_parts_is_training_in_one(algorithm: str) -> None:
    """Optimiser state is handed over: with every row in each batch, 20 + 20 batches end where 40 do."""
    prepared, model = whole_batches()
    model = with_algorithm(model, algorithm, 1e-3)
    at_once = train(model, prepared, 40)
    in_parts = train(train(model, prepared, 20), prepared, 20, name=1)
    for name, weight in at_once.weights.items():
        assert torch.allclose(weight, in_parts.weights[name], atol=2e-5), name
    assert_states_close(at_once.optimiser, in_parts.optimiser)
    forgetful = train(replace(train(model, prepared, 20), optimiser={}), prepared, 20, name=1)
    assert max(float((w - forgetful.weights[n]).abs().max()) for n, w in at_once.weights.items()) > 1e-4


def assert_states_close(
    one: Mapping[str, Mapping[str, Mapping[str, Tensor]]], other: Mapping[str, Mapping[str, Mapping[str, Tensor]]]
) -> None:
    for lead, state in one.items():
        for name, slots in state.items():
            for part, value in slots.items():
                assert torch.allclose(value, other[lead][name][part], rtol=1e-2, atol=1e-5), (name, part)
                assert part != "step" or int(value) == int(other[lead][name][part]) == 40


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_new_tensors_join_an_optimiser_at_work(algorithm: str) -> None:
    """A change leaves its new tensors without state among others that have some."""
    prepared, model = whole_batches()
    rate = 1e-3
    old = train(with_algorithm(model, algorithm, rate), prepared, 5)
    new = "outputs.kind.bias"
    (lead,) = old.optimiser
    stateless = {lead: {name: slots for name, slots in old.optimiser[lead].items() if name != new}}
    grown = train(replace(old, optimiser=stateless), prepared, 1, name=1)
    fresh = train(replace(old, optimiser={}), prepared, 1, name=1)
    kept = train(old, prepared, 1, name=1)
    for name, weight in grown.weights.items():
        assert torch.allclose(weight, (fresh if name == new else kept).weights[name], atol=1e-6), name
    assert set(grown.optimiser[lead]) == set(old.optimiser[lead])


def test_histories_ages_and_batches_count_on() -> None:
    prepared = toy_prepared()
    first = train(toy_model(prepared), prepared, 7)
    second = train(replace(first, changed_at=7), prepared, 5, name=1)
    assert (first.batches, second.batches, second.changed_at) == (7, 12, 7)
    assert set(second.ages.values()) == {12}
    for name, history in second.histories.items():
        assert history.shape == (12,)
        assert torch.equal(history[:7], first.histories[name])
        assert float(history[0]) > 0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_learns_every_task(algorithm: str) -> None:
    prepared = toy_prepared()
    rate = {"sgd": 0.02, "adagrad": 0.05}.get(algorithm, 1e-2)
    trained = train(with_algorithm(toy_model(prepared), algorithm, rate), prepared, 120)
    for output, history in trained.histories.items():
        assert float(history[-20:].mean()) < 0.97 * float(history[:10].mean()), output


@pytest.mark.parametrize(
    ("schedule", "progress"), [(CONSTANT, 0.9), (Schedule("linear", 0.3), 0.85), (Schedule("cosine"), 0.25)]
)
def test_the_schedule_scales_the_step(schedule: Schedule, progress: float) -> None:
    prepared, model = whole_batches()
    model = with_algorithm(model, "sgd", 0.01)
    protocol = Protocol(1, schedule, (progress, 1.0))
    moved = PlainEngine().train(model, prepared, losses_of(prepared), protocol, stream(0, "engine test", 0))
    full = train(model, prepared, 1)
    for name, weight in model.weights.items():
        expected = schedule.factor(progress) * (full.weights[name] - weight)
        assert torch.allclose(moved.weights[name] - weight, expected, atol=1e-7), name


class Watched(Losses):
    """Losses that note which rows each batch held, told by their regression target."""

    seen: list[list[float]]

    def __call__(self, module: ValpModule, result: Forward, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        self.seen.append(targets["number"][:, 0].tolist())
        return super().__call__(module, result, targets)


def rows_seen(prepared: Prepared, batch_size: int, batches: int) -> list[list[float]]:
    losses = losses_of(prepared)
    watched = Watched(losses.scales, losses.mean_targets)
    object.__setattr__(watched, "seen", [])
    model = toy_model(prepared, batch_size=batch_size)
    PlainEngine().train(model, prepared, watched, Protocol(batches, CONSTANT), stream(0, "engine test"))
    return watched.seen


def test_an_epoch_shows_every_row_once_and_the_next_in_another_order() -> None:
    prepared = toy_prepared(outputs=PREDICTIONS)
    every = sorted(prepared.train.targets["number"][:, 0].tolist())
    seen = rows_seen(prepared, 20, 8)
    one, two = ([row for batch in epoch for row in batch] for epoch in (seen[:4], seen[4:]))
    assert sorted(one) == sorted(two) == every
    assert one != two


def test_an_incomplete_last_batch_is_left_out() -> None:
    seen = rows_seen(toy_prepared(outputs=PREDICTIONS), 30, 5)
    assert [len(batch) for batch in seen] == [30] * 5
    assert len({row for batch in seen[:2] for row in batch}) == 60


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    prepared = toy_prepared(outputs=PREDICTIONS)
    assert [len(batch) for batch in rows_seen(prepared, 1000, 3)] == [len(prepared.train)] * 3


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_divergence_names_the_output_and_the_batch(algorithm: str) -> None:
    prepared = toy_prepared(outputs=PREDICTIONS)
    with pytest.raises(TrainingFailedError, match=r"diverged: the loss of '(kind|number)' is not finite at batch \d+"):
        train(with_algorithm(toy_model(prepared), algorithm, 1e30), prepared, 120)


def test_the_time_limit_names_what_was_done_of_what() -> None:
    prepared = toy_prepared(outputs=PREDICTIONS)
    protocol = Protocol(250, CONSTANT, time_limit=1e-9)
    with pytest.raises(TrainingFailedError, match=r"timed out: 1e-09 s were over after 100 of 250 batches"):
        PlainEngine().train(toy_model(prepared), prepared, losses_of(prepared), protocol, stream(0, "engine test"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: torch sees none here")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_gpu_trains_on_from_what_the_store_keeps(algorithm: str) -> None:
    """Models rest on the CPU between jobs, their optimiser state included: all of it must travel."""
    prepared = toy_prepared()
    cuda = torch.device("cuda")
    parts = {
        name: replace(
            part,
            inputs={n: v.to(cuda) for n, v in part.inputs.items()},
            targets={n: v.to(cuda) for n, v in part.targets.items()},
        )
        for name, part in prepared.parts.items()
    }
    there = replace(prepared, parts=parts, device=cuda)
    first = train(with_algorithm(toy_model(prepared), algorithm), there, 10)
    second = train(first, there, 10, name=1)
    everything = [value for name in TABLES for value in getattr(second, name).values()]
    assert {value.device.type for value in everything} == {"cpu"}
    assert second.batches == 20
