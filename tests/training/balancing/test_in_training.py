"""Every balancing in training: its state goes on from job to job, through the store and through operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.operators import cases
from tests.training.test_engine import contents
from tests.training.toy_data import losses_of, toy_model, toy_prepared
from valpnas import catalog
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Site
from valpnas.graph.optimiser_groups import optimiser_groups
from valpnas.networks.module import load_module
from valpnas.store.models import load_model, save_valp, save_weights
from valpnas.training.balancing import BALANCERS
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.gradnorm import GradNorm
from valpnas.training.balancing.uncertainty import Uncertainty
from valpnas.training.data import Prepared

from .shared import begun, problem_and_model, trained

NAMES = [entry.name for entry in BALANCERS]
LEARNING = [GradNorm(), Uncertainty()]


def balancer(name: str) -> Balancer:
    weights = {"weights": {"kind": 3.0}} if name == "fixed" else {}
    made: Balancer = catalog.load(catalog.find("balancing", BALANCERS, name), **weights)
    return made


def everything(model: Model) -> dict[str, bytes]:
    """Every tensor as bytes, the balancer's included."""
    learned = {f"{o} {part}": v.numpy().tobytes() for o, slots in model.balancer.items() for part, v in slots.items()}
    return {**contents(model), **learned}


def stored(model: Model, folder: Path) -> Model:
    save_valp(model.valp, folder / "graph.json")
    save_weights(model, folder / "weights.safetensors")
    return load_model(folder / "graph.json", folder / "weights.safetensors")


@pytest.fixture
def restart(monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    """Let all jobs of a test draw from one stream, as if they were one; what is returned begins it anew."""
    generator = torch.Generator()
    monkeypatch.setattr("valpnas.training.engine.torch_stream", lambda *_: generator)
    return lambda: generator.manual_seed(0)


def test_names_are_those_of_the_table() -> None:
    assert [balancer(name).name for name in NAMES] == NAMES == ["sum", "fixed", "uncertainty", "gradnorm"]


@pytest.mark.parametrize("name", NAMES)
def test_two_jobs_are_one_job_of_the_sum(name: str, restart: Callable[[], object], tmp_path: Path) -> None:
    """Bit for bit, though the model was on disk in between; the first job ends with an epoch."""
    prepared = toy_prepared()
    model = toy_model(prepared)
    restart()
    at_once = trained(model, prepared, balancer(name), 32)
    restart()
    half = stored(trained(model, prepared, balancer(name), 12), tmp_path)
    in_parts = trained(half, prepared, balancer(name), 20)
    assert everything(in_parts) == everything(at_once)
    if at_once.balancer:
        restart()
        trained(model, prepared, balancer(name), 12)
        forgetful = trained(replace(half, balancer={}), prepared, balancer(name), 20)
        assert everything(forgetful) != everything(at_once)


@pytest.mark.parametrize("name", NAMES)
def test_the_parent_is_not_altered(name: str) -> None:
    prepared, model = problem_and_model()
    first = trained(model, prepared, balancer(name), 3)
    before = everything(first)
    trained(first, prepared, balancer(name), 3)
    assert everything(first) == before


@pytest.mark.parametrize("scheme", LEARNING, ids=lambda scheme: scheme.name)
def test_what_was_learned_comes_back_from_disk(scheme: Balancer, tmp_path: Path) -> None:
    prepared, model = problem_and_model()
    model = trained(model, prepared, scheme, 3)
    assert model.balancer.keys() == model.valp.tasks.keys()
    assert everything(stored(model, tmp_path)) == everything(model)


def test_a_model_without_a_balancers_state_needs_none_on_disk(tmp_path: Path) -> None:
    prepared, model = problem_and_model()
    assert stored(trained(model, prepared, balancer("sum"), 3), tmp_path).balancer == {}


def test_what_was_learned_outlives_operators() -> None:
    prepared, model = problem_and_model()
    model = trained(model, prepared, Uncertainty(), 5)
    sites = {
        "clone_network/gentle": cases.at("trunk"),
        "change_lr": Site(outputs=("kind",), place="decrease"),
        "change_sgd": Site(outputs=("kind",), place="sgd"),
    }
    for name, site in sites.items():
        changed = cases.applied(name, model, site)
        assert everything(replace(model, balancer=changed.balancer)) == everything(model), name
        assert float(trained(changed, prepared, Uncertainty(), 2).balancer["kind"]["step"]) == 7


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: torch sees none here")
@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_learns_what_a_cpu_does_and_hands_it_back(name: str) -> None:
    prepared, model = problem_and_model()
    there = on_gpu(prepared)
    model_there = trained(trained(model, there, balancer(name), 5), there, balancer(name), 5)
    model_here = trained(trained(model, prepared, balancer(name), 5), prepared, balancer(name), 5)
    assert model_there.balancer.keys() == model_here.balancer.keys()
    for output, slots in model_here.balancer.items():
        for part, value in slots.items():
            assert model_there.balancer[output][part].device.type == "cpu"
            assert torch.allclose(model_there.balancer[output][part], value, rtol=1e-2, atol=1e-3), (output, part)


def on_gpu(prepared: Prepared) -> Prepared:
    cuda = torch.device("cuda")
    parts = {
        name: replace(
            part,
            inputs={n: v.to(cuda) for n, v in part.inputs.items()},
            targets={n: v.to(cuda) for n, v in part.targets.items()},
        )
        for name, part in prepared.parts.items()
    }
    return replace(prepared, parts=parts, device=cuda)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: torch sees none here")
@pytest.mark.parametrize("name", NAMES)
def test_balancing_never_waits_for_the_device(name: str) -> None:
    """So that an engine can capture a step and replay it."""
    prepared, model = problem_and_model()
    there = on_gpu(prepared)
    model = trained(model, there, balancer(name), 2)
    module = load_module(model).to("cuda")
    balancing = balancer(name).begin(optimiser_groups(model.valp)[0], module, model.balancer)
    found = losses_of(there)(module, module(there.train.inputs), there.train.targets)
    losses = torch.stack(list(found.values()))
    torch.cuda.set_sync_debug_mode("error")
    try:
        balancing.total(losses)
        balancing.update(1.0)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("one", LEARNING, ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("other", LEARNING, ids=lambda scheme: scheme.name)
def test_state_of_another_scheme_is_not_mistaken_for_ones_own(one: Balancer, other: Balancer) -> None:
    prepared, model = problem_and_model()
    learned = trained(model, prepared, one, 3).balancer
    steps = {float(slots["step"]) for slots in begun(other, model, learned).state().values()}
    assert steps == ({3.0} if one is other else {0.0})
