"""input_intervention: planted noise is found, parts cover an input once, and the budget is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from torch import Tensor

from tests.graph.strategies import quick
from tests.training.toy_data import losses_of, on_cpu, prepared_for, toy_problem
from valpnas.contracts.model import Model
from valpnas.diagnostics.input_intervention import InputIntervention
from valpnas.graph.tasks import Regression
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.seeding import stream
from valpnas.testing.diagnostics import check_diagnostic
from valpnas.testing.strategies import SEEDS, models
from valpnas.training.view import HeldOutView

INPUTS = [Input("picture", (1, 4, 5), "image"), Input("table", (40,)), Input("unheard", (1,))]
PREPARED = on_cpu(toy_problem(rows=600, inputs=INPUTS, outputs=[Output("y", Regression(1))]))
LOSSES = losses_of(PREPARED)


class Scripted(HeldOutView):
    """A view whose loss depends on what was permuted, as a test says."""

    script: Callable[[str, Tensor], float]

    def losses(self) -> Mapping[str, float]:
        return {"y": 0.5}

    def losses_with_value(self, component: str, value: Tensor) -> Mapping[str, float]:
        changed = value != self.value(component)
        assert sorted(value.flatten().tolist()) == sorted(self.value(component).flatten().tolist()), "the same values"
        return {"y": self.script(component, changed.any(dim=0))}


def scripted(script: Callable[[str, Tensor], float]) -> Scripted:
    networks = [SubNetwork("n1", DenseSpec(2, (Layer(2, "tanh"),)))]
    arcs = [Arc(vertex.name, "n1") for vertex in INPUTS] + [Arc("n1", "y")]
    valp = Valp.make(INPUTS, networks, PREPARED.problem.outputs, arcs)
    view = Scripted(fresh_model(valp, stream(0)), PREPARED, LOSSES)
    view.script = script
    return view


def seventh_feature(component: str, changed: Tensor) -> float:
    """Only feature 7 of the table matters."""
    return 1.0 if component == "table" and bool(changed[7]) else 0.5


def test_only_the_part_that_matters_is_relevant() -> None:
    found = InputIntervention().examine(scripted(seventh_feature), stream(0))
    whole = {f.component: f.kind for f in found if not any(name.startswith("first") for name in f.evidence)}
    assert whole == {"picture": "INPUT_IRRELEVANT", "table": "INPUT_RELEVANT", "unheard": "INPUT_IRRELEVANT"}
    (table,) = [f for f in found if f.kind == "INPUT_RELEVANT"]
    ratios = {name: value for name, value in table.evidence.items() if name.startswith("ratio of")}
    assert len(ratios) == 16
    assert [name for name, value in ratios.items() if value > 1] == ["ratio of feature 6-8"]
    spare = [f for f in found if "first feature" in f.evidence]
    assert len(spare) == 15
    assert {f.component for f in spare} == {"table"}, "of an input that does not matter no part is named"
    assert {(f.kind, f.advice) for f in found} == {("INPUT_RELEVANT", "protect"), ("INPUT_IRRELEVANT", "none")}


def test_parts_cover_an_input_exactly_once() -> None:
    seen: dict[str, list[Tensor]] = {vertex.name: [] for vertex in INPUTS}
    InputIntervention(draws=1).examine(scripted(lambda name, changed: seen[name].append(changed) or 0.5), stream(0))  # type: ignore[func-returns-value]
    assert {name: len(masks) - 1 for name, masks in seen.items()} == {"picture": 4, "table": 16, "unheard": 0}
    for masks in seen.values():
        assert bool(masks[0].all()), "first the whole input"
        assert not masks[1:] or bool((torch.stack(masks[1:]).sum(dim=0) == 1).all())


@pytest.mark.parametrize("budget", [0.5, 1, 2, 3, 10, 24, 25, 47, 48, 1000])
def test_a_budget_buys_fewer_draws_then_larger_parts_then_fewer_inputs(budget: float) -> None:
    calls = []
    view = scripted(lambda name, _: calls.append(name) or 0.5)  # type: ignore[func-returns-value]
    diagnostic = InputIntervention(budget=budget)
    diagnostic.examine(view, stream(0))
    assert len(calls) == diagnostic.cost(view) <= budget
    assert len(calls) == {0.5: 0, 1: 1, 2: 2, 3: 3, 10: 5, 24: 23, 25: 23, 47: 46, 48: 46, 1000: 46}[budget]


def test_nothing_is_said_of_an_output_that_has_learnt_nothing() -> None:
    view = scripted(seventh_feature)
    view.__dict__["losses"] = lambda: {"y": 0.99}
    assert InputIntervention().examine(view, stream(0)) == []


@quick
@given(models(), SEEDS)
def test_it_keeps_the_contract(model: Model, seed: int) -> None:
    prepared = prepared_for(model.valp, seed)
    view = HeldOutView(model, prepared, losses_of(prepared))
    check_diagnostic(InputIntervention(learnt=100.0), view, np.random.default_rng(seed))


def test_the_same_rows_change_places_in_every_part() -> None:
    """A part's ratio differs from another's by the part alone."""
    orders = []
    view = scripted(seventh_feature)
    honest = view.losses_with_value

    def spy(component: str, value: Tensor) -> Mapping[str, float]:
        if component == "table":
            moved = [view.value("table")[:, column].tolist().index(value[0, column].item()) for column in range(40)]
            orders.append({row for row in moved if row != 0})
        return honest(component, value)

    view.__dict__["losses_with_value"] = spy
    replace(InputIntervention(), draws=1).examine(view, stream(0))
    assert len(set.union(*orders)) == 1
