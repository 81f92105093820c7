"""The tape: a step that finds rows and rates by itself can be repeated, and ends where a phase batch by batch ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.training.toy_data import losses_of, toy_model, toy_prepared, with_algorithm
from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.valp import ALGORITHMS, OutputTraining
from valpnas.networks.module import fresh_model
from valpnas.seeding import stream
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Fixed, Sum
from valpnas.training.compiled.compile import compile_phase
from valpnas.training.compiled.plan import Plan
from valpnas.training.compiled.tape import WARM, Replay, Replayed, Tape, cuda_graph, why_not_replayed
from valpnas.training.phase import batch_rows

PREPARED = toy_prepared()
BATCHES = 12


def plan_of(models: list[Model], device: str = "cpu", balancer: Balancer | None = None, **more: Augmentation) -> Plan:
    protocol = Protocol(BATCHES, Schedule("linear", 0.5), (0.0, 1.0), **more)
    generators = [torch.Generator(device).manual_seed(k) for k in range(len(models))]
    train = replace(
        PREPARED.train,
        inputs={name: value.to(device) for name, value in PREPARED.train.inputs.items()},
        targets={name: value.to(device) for name, value in PREPARED.train.targets.items()},
    )
    return compile_phase(models, train, losses_of(PREPARED), balancer or Sum(), protocol, generators)


def batch_by_batch(plan: Plan) -> torch.Tensor:
    """Train call by call and return the losses."""
    record = torch.zeros(BATCHES, len(plan.memory.models), len(plan.memory.outputs))
    size, rows = plan.memory.valp.batch_size, len(plan.memory.train)
    orders = [batch_rows(rows, BATCHES, size, generator) for generator in plan.memory.generators]
    with torch.no_grad():
        for batch, those in enumerate(zip(*orders, strict=True)):
            for model, mine in enumerate(those):
                plan.memory.batch.set_rows(model, mine)
            plan.fetch()
            plan.step(plan.protocol.progress(batch))
            record[batch] = plan.losses
    return record


def tape_of(plan: Plan) -> tuple[Tape, torch.Tensor]:
    device = plan.losses.device
    record = torch.zeros(BATCHES, len(plan.memory.models), len(plan.memory.outputs), device=device)
    size, rows = plan.memory.valp.batch_size, len(plan.memory.train)
    orders = [batch_rows(rows, BATCHES, size, generator) for generator in plan.memory.generators]
    return Tape(plan, orders, record), record


def siblings(algorithm: str, count: int) -> list[Model]:
    """Models of one VALP with two optimiser groups."""
    valp = with_algorithm(toy_model(PREPARED), algorithm, 1e-3).valp
    valp = valp.with_training("kind", OutputTraining(2e-3, algorithm))
    return [fresh_model(valp, stream(number, "tape")) for number in range(count)]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_tape_ends_where_a_phase_batch_by_batch_ends(algorithm: str, count: int) -> None:
    models = siblings(algorithm, count)
    one, other = plan_of(models), plan_of(models)
    expected = batch_by_batch(one)
    tape, record = tape_of(other)
    for batch in range(BATCHES):
        tape.lay(batch)
        tape.step()
    assert torch.allclose(record, expected, rtol=1e-4, atol=1e-5)
    assert torch.allclose(other.memory.flat, one.memory.flat, rtol=1e-4, atol=1e-5)


def test_first_batches_are_run_and_all_others_replayed() -> None:
    tape, record = tape_of(plan_of([toy_model(PREPARED)]))
    told: list[str] = []

    def capture(tape: Tape) -> Replay:
        told.append("captured")

        def replay() -> None:
            told.append("replayed")
            tape.step()

        return replay

    advance = Replayed(tape, capture)
    for batch in range(BATCHES):
        advance(batch)
    assert told == ["captured", *["replayed"] * (BATCHES - WARM)]
    assert bool((record > 0).all())


def test_what_cannot_be_repeated_says_why() -> None:
    models = [toy_model(PREPARED)]
    assert why_not_replayed(plan_of(models)) == ""
    assert why_not_replayed(plan_of(models, balancer=Fixed({"kind": 2.0}))) == "loss balancing"
    assert why_not_replayed(plan_of(models, augmentation=Augmentation(flip=True))) == "altered images"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_cuda_graph_ends_where_a_phase_batch_by_batch_ends(algorithm: str, count: int) -> None:
    models = siblings(algorithm, count)
    one, other = plan_of(models, "cuda"), plan_of(models, "cuda")
    expected = batch_by_batch(one)
    tape, record = tape_of(other)
    advance = Replayed(tape, cuda_graph)
    for batch in range(BATCHES):
        advance(batch)
    assert torch.allclose(record.cpu(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_cuda_graph_draws_new_noise_in_every_replay() -> None:
    plan = plan_of([toy_model(PREPARED)], "cuda")
    tape, _ = tape_of(plan)
    advance, drawn = Replayed(tape, cuda_graph), []
    for batch in range(WARM + 2):
        advance(batch)
        drawn.append(next(iter(plan.memory.noise.drawn.values())).clone())
    assert not torch.equal(drawn[-1], drawn[-2])
