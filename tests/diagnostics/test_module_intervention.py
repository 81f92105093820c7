"""module_intervention: planted relevance is found, newborn networks are protected, wild draws decide nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch
from hypothesis import given
from torch import Tensor

from tests.graph.strategies import quick
from tests.training.toy_data import losses_of, on_cpu, prepared_for, toy_problem
from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.diagnostics.module_intervention import HOW, ModuleIntervention
from valpnas.errors import ConfigError
from valpnas.graph.tasks import Regression
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.seeding import stream
from valpnas.testing.diagnostics import check_diagnostic
from valpnas.testing.strategies import SEEDS, models
from valpnas.training.engine import PlainEngine
from valpnas.training.view import HeldOutView

PREPARED = on_cpu(
    toy_problem(rows=600, inputs=[Input("x", (4,))], outputs=[Output("y1", Regression(1)), Output("y2", Regression(1))])
)
LOSSES = losses_of(PREPARED)
OLD = 10_000  # batches; older than any protection
# What each network is heard by: `main` does the work, `idle` is heard by nobody, `half` only by y1.
HEARD = {"main": ("y1", "y2"), "idle": (), "half": ("y1",)}


@cache
def planted() -> Model:
    """A model that has learnt with some receivers' blocks at zero; every network feeds both outputs."""
    spec = DenseSpec(6, (Layer(8, "tanh"),))
    networks = [SubNetwork(name, spec) for name in HEARD]
    arcs = [Arc("x", name) for name in HEARD] + [Arc(name, o.name) for name in HEARD for o in PREPARED.problem.outputs]
    valp = Valp.make(PREPARED.problem.inputs, networks, PREPARED.problem.outputs, arcs, batch_size=50)
    model = deafened(fresh_model(valp, stream(0, "planted")))
    # Training wakes the zeroed blocks again: put them back every few batches, so that the others learn without them.
    protocol = Protocol(60, Schedule("constant"), (0.0, 1.0))
    for part in range(8):
        model = deafened(PlainEngine().train(model, PREPARED, LOSSES, protocol, stream(0, "train", part)))
    return model


def deafened(model: Model) -> Model:
    """Zero the row blocks through which outputs hear what they are not to hear."""
    deaf = {f"outputs.{o}.sources.{n}.weight" for n in HEARD for o in model.valp.tasks if o not in HEARD[n]}
    return replace(model, weights={n: torch.zeros_like(w) if n in deaf else w for n, w in model.weights.items()})


def view_of(model: Model, ages: int | Mapping[str, int] = OLD) -> HeldOutView:
    given_ages = ages if isinstance(ages, Mapping) else dict.fromkeys(model.valp.specs, ages)
    return HeldOutView(replace(model, ages=given_ages), PREPARED, LOSSES)


def kinds(found: Sequence[Finding], network: str) -> set[tuple[str, str]]:
    return {(f.kind, f.output) for f in found if f.component == network}


def examine(view: HeldOutView, seed: int = 0) -> Sequence[Finding]:
    return ModuleIntervention().examine(view, stream(seed))


@pytest.mark.parametrize("seed", range(5))
def test_planted_relevance_is_found(seed: int) -> None:
    found = examine(view_of(planted()), seed)
    assert kinds(found, "main") == {("RELEVANT", "y1"), ("RELEVANT", "y2")}
    assert kinds(found, "idle") == {("IRRELEVANT", "")}
    assert kinds(found, "half") == {("RELEVANT", "y1"), ("IRRELEVANT_TO_OUTPUT", "y2"), ("PARTLY_RELEVANT", "")}


def test_what_is_not_heard_has_a_ratio_of_exactly_one() -> None:
    found = examine(view_of(planted()))
    (idle,) = [f for f in found if f.component == "idle"]
    assert idle.evidence == {"ratio y1": 1.0, "ratio y2": 1.0, "spread y1": 1.0, "spread y2": 1.0}
    assert {f.advice for f in found if f.kind == "RELEVANT"} == {"protect"}
    assert {f.advice for f in found if f.kind != "RELEVANT"} == {"treat"}


def test_a_newborn_network_is_protected_from_being_called_irrelevant() -> None:
    """A fresh copy looks irrelevant because its twin still does the work, and would be deleted in the next step."""
    for age, kind in ((0, "NEWBORN"), (499, "NEWBORN"), (500, "IRRELEVANT")):
        found = examine(view_of(planted(), {"main": OLD, "half": OLD, "idle": age}))
        assert kinds(found, "idle") == {(kind, "")}


def test_a_newborn_that_matters_to_some_is_relevant_to_those_and_protected() -> None:
    found = examine(view_of(planted(), 10))
    assert kinds(found, "half") == {("RELEVANT", "y1"), ("NEWBORN", "")}
    assert {f.advice for f in found} == {"protect"}


class Scripted(HeldOutView):
    """A view whose losses after an intervention are given, draw by draw."""

    script: Callable[[int], float]

    def losses_with_tensors(self, component: str, tensors: Mapping[str, Tensor]) -> Mapping[str, float]:  # noqa: ARG002
        self.calls = getattr(self, "calls", -1) + 1
        return {name: loss * self.script(self.calls % 3) for name, loss in self.losses().items()}


def scripted(script: Callable[[int], float]) -> Scripted:
    ages = dict.fromkeys(planted().valp.specs, OLD)
    view = Scripted(replace(planted(), ages=ages), PREPARED, LOSSES)
    view.script = script
    return view


def test_one_wild_draw_of_three_does_not_decide() -> None:
    assert {f.kind for f in examine(scripted(lambda draw: 1e6 if draw == 1 else 1.0))} == {"IRRELEVANT"}
    assert {f.kind for f in examine(scripted(lambda draw: 1.0 if draw == 1 else 1e6))} == {"RELEVANT"}


@pytest.mark.parametrize("wild", [float("nan"), float("inf")])
def test_an_overflow_is_relevance_in_numbers_that_json_knows(wild: float) -> None:
    found = examine(scripted(lambda _: wild))
    assert {f.kind for f in found} == {"RELEVANT"}
    assert all(np.isfinite(list(f.evidence.values())).all() for f in found)
    assert {f.strength for f in found} == {1.0}


def test_relevant_means_worse_by_more_than_a_fifth() -> None:
    generous = ModuleIntervention(floor=0.0)
    found = {factor: generous.examine(scripted(partial(_always, factor)), stream(0)) for factor in (0.5, 1.19, 1.21)}
    assert [{f.kind for f in each} for each in found.values()] == [{"IRRELEVANT"}, {"IRRELEVANT"}, {"RELEVANT"}]


def _always(factor: float, _: int) -> float:
    return factor


def test_the_floor_keeps_tiny_losses_from_absurd_ratios() -> None:
    """A loss near zero that becomes ten times as large is still near zero."""
    view = scripted(lambda _: 10.0)
    view.__dict__["losses"] = lambda: {"y1": 1e-5, "y2": 0.5}
    found = examine(view)
    assert {f.output for f in found if f.kind == "RELEVANT"} == {"y2"}
    assert {f.output for f in found if f.kind == "IRRELEVANT_TO_OUTPUT"} == {"y1"}


@pytest.mark.parametrize("how", HOW)
def test_every_intervention_finds_what_is_planted(how: str) -> None:
    found = ModuleIntervention(how=how).examine(view_of(planted()), stream(0))
    assert kinds(found, "idle") == {("IRRELEVANT", "")}
    assert ("RELEVANT", "y2") in kinds(found, "main")


def test_an_unknown_intervention_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected one of reinitialise, shuffle, zero, got 'freeze'"):
        ModuleIntervention(how="freeze")


def test_shuffled_weights_are_the_trained_ones_in_other_places() -> None:
    trained = torch.arange(12.0).reshape(3, 4)
    shuffled = HOW["shuffle"](trained, torch.Generator().manual_seed(0))
    assert shuffled.shape == trained.shape
    assert not torch.equal(shuffled, trained)
    assert sorted(shuffled.flatten().tolist()) == trained.flatten().tolist()


def test_the_spread_is_the_largest_ratio_over_the_smallest() -> None:
    found = ModuleIntervention(floor=0.0).examine(scripted(lambda draw: 2.0 + draw), stream(0))
    assert {(round(f.evidence["ratio"], 5), round(f.evidence["spread"], 5)) for f in found} == {(3.0, 2.0)}


@pytest.mark.parametrize(("budget", "calls"), [(0.5, 0), (0.6, 1), (1.8, 3), (3.5, 3), (3.6, 6), (40, 9)])
def test_a_budget_buys_fewer_draws_then_fewer_networks(budget: float, calls: int) -> None:
    """Three networks and two outputs: a network and both outputs are three fifths of a pass."""
    view = scripted(lambda _: 2.0)
    ModuleIntervention(budget=budget + 1e-9).examine(view, stream(0))
    assert getattr(view, "calls", -1) + 1 == calls


def test_weights_are_drawn_anew_at_their_trained_spread() -> None:
    drawn: list[Mapping[str, Tensor]] = []
    view = view_of(planted())
    honest = view.losses_with_tensors

    def spy(component: str, tensors: Mapping[str, Tensor]) -> Mapping[str, float]:
        if component == "main":
            drawn.append(tensors)
        return honest(component, tensors)

    view.__dict__["losses_with_tensors"] = spy
    ModuleIntervention(draws=40).examine(view, stream(0))
    for name, trained in view.tensors("main").items():
        spread = torch.stack([tensors[name] for tensors in drawn]).square().mean().sqrt()
        assert float(spread) == pytest.approx(float(trained.square().mean().sqrt()), rel=0.2)
        assert not torch.equal(drawn[0][name], drawn[1][name])


@quick
@given(models(), SEEDS)
def test_it_keeps_the_contract(model: Model, seed: int) -> None:
    prepared = prepared_for(model.valp, seed)
    view = HeldOutView(model, prepared, losses_of(prepared))
    found = check_diagnostic(ModuleIntervention(), view, np.random.default_rng(seed))
    assert {f.component for f in found} <= {"", *model.valp.specs}
