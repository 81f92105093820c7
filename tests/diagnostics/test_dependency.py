"""dependency: probes read what can be read, and what only passes on or forgets is told from what adds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from torch import Tensor, as_tensor

from tests.graph.strategies import quick
from tests.training.toy_data import losses_of, on_cpu, prepared_for, toy_problem
from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.diagnostics._probe import projected, target_numbers, unread
from valpnas.diagnostics.dependency import Dependency
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.seeding import stream
from valpnas.testing.diagnostics import check_diagnostic
from valpnas.testing.strategies import SEEDS, models
from valpnas.training.view import HeldOutView

INPUTS = [Input("x", (6,))]
OUTPUTS = [Output("class", Classification(3)), Output("number", Regression(1))]
PREPARED = on_cpu(toy_problem(rows=1500, inputs=INPUTS, outputs=OUTPUTS))
LOSSES = losses_of(PREPARED)


class Saying(HeldOutView):
    """A view in which networks say what a test wants."""

    said: dict[str, Tensor]

    def value(self, component: str) -> Tensor:
        return self.said.get(component, super().value(component))


def saying(seed: int = 0) -> Saying:
    """`n1` serves both outputs; `n2` behind it serves the number alone; every network says noise."""
    networks = [SubNetwork(name, DenseSpec(4, (Layer(2, "tanh"),))) for name in ("n1", "n2")]
    arcs = [Arc("x", "n1"), Arc("n1", "class"), Arc("n1", "n2"), Arc("n2", "number")]
    view = Saying(fresh_model(Valp.make(INPUTS, networks, OUTPUTS, arcs), stream(0)), PREPARED, LOSSES)
    view.said = {name: noise(view, seed, i) for i, name in enumerate(("n1", "n2"))}
    return view


def noise(view: HeldOutView, *seed: int) -> Tensor:
    return as_tensor(stream(0, *seed).standard_normal((len(view.inputs["x"]), 4))).float()


def examine(view: HeldOutView, budget: float = 1000) -> Sequence[Finding]:
    return Dependency(budget=budget).examine(view, stream(0))


def kinds(found: Sequence[Finding]) -> dict[tuple[str, str], str]:
    return {(f.component, f.output): f.kind for f in found}


@pytest.mark.parametrize("seed", range(5))
def test_noise_adds_nothing_and_only_exclusive_networks_are_blamed(seed: int) -> None:
    """`n1` says noise too, and serves the class: nothing is said of it for the number, which it serves as well."""
    view = saying(seed)
    view.said["n2"] = view.said["n1"]
    assert kinds(examine(view)) == {("n2", "number"): "ADDS_NOTHING"}


@pytest.mark.parametrize("seed", range(5))
def test_a_network_that_says_the_target_adds_information(seed: int) -> None:
    view = saying(seed)
    view.said["n2"][:, :1] = view.targets["number"]
    found = {(f.component, f.output): f for f in examine(view)}
    told = found["n2", "number"]
    assert (told.kind, told.advice) == ("ADDS_INFORMATION", "protect")
    assert told.evidence["unread"] < 0.05
    assert told.evidence["gain"] > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_a_code_that_no_line_can_read_adds_information_too(seed: int) -> None:
    """The target with a sign in front that alternates: a linear probe sees nothing, mutual information does."""
    view = saying(seed)
    number = view.targets["number"]
    sign = 1 - 2 * (number.argsort(dim=0).argsort(dim=0) % 2)
    view.said["n2"] = (number - number.min() + 1) * sign
    told = {(f.component, f.output): f for f in examine(view)}["n2", "number"]
    assert told.kind == "ADDS_INFORMATION"
    assert told.evidence["gain"] < 0.05
    assert told.evidence["nats gained"] > 0.3


def test_what_feeds_a_network_is_the_bar() -> None:
    """`n2` says less clearly what `n1` says."""
    view = saying()
    view.said["n1"][:, :1] = view.targets["number"]
    view.said["n2"][:, :1] = view.targets["number"] + noise(view, 7)[:, :1]
    (told,) = [finding for finding in examine(view) if finding.component == "n2"]
    assert told.kind == "ADDS_NOTHING"
    assert told.evidence["gain"] < -0.3


@pytest.mark.parametrize("budget", [0.0, 0.4, 1.0, 3.0, 8.9, 9.0, 100.0])
def test_a_small_budget_compares_less_and_then_probes_fewer_rows(budget: float) -> None:
    view = saying()
    view.said["n2"] = view.said["n1"]
    found = examine(view, budget)
    assert Dependency(budget=budget).cost(view) <= budget
    assert bool(found) == (budget >= 9.0), "three probes, and six passes for mutual information"


def test_a_probe_is_the_ridge_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((200, 5))
    features -= features.mean(axis=0)
    target = features @ rng.standard_normal((5, 2)) + rng.standard_normal((200, 2))
    target -= target.mean(axis=0)
    scaled, rows = features / features.std(axis=0), np.arange(200) % 4
    best = min(_cross_validated(scaled, target, rows, penalty * 20) for penalty in (1e-3, 1e-1, 10.0))
    assert float(unread(features, {"y": target})["y"].mean()) == pytest.approx(best, rel=1e-9)


def _cross_validated(features: np.ndarray, target: np.ndarray, rows: np.ndarray, penalty: float) -> float:
    left = np.empty_like(target)
    for fold in range(4):
        fitted = Ridge(alpha=penalty, fit_intercept=False).fit(features[rows != fold], target[rows != fold])
        left[rows == fold] = target[rows == fold] - fitted.predict(features[rows == fold])
    return float(np.square(left).sum() / np.square(target).sum())


@pytest.mark.parametrize("width", [6, 300])
def test_a_projection_keeps_the_variance_of_principal_components(width: int) -> None:
    rng = np.random.default_rng(0)
    value = rng.standard_normal((150, width)) * 0.8 ** np.arange(width)
    value -= value.mean(axis=0)
    kept = projected(value, 5, rng)
    best = PCA(5, svd_solver="full").fit(value).explained_variance_.sum()
    assert kept.shape == (150, 5)
    assert kept.var(axis=0, ddof=1).sum() > 0.99 * best


def test_what_says_the_same_of_every_row_has_no_components() -> None:
    assert projected(np.zeros((100, 7)), 5, np.random.default_rng(0)).shape == (100, 0)
    view = saying()
    view.said["n1"], view.said["n2"] = 0 * view.said["n1"], 0 * view.said["n2"]
    assert kinds(examine(view)) == {("n2", "number"): "ADDS_NOTHING"}


def test_classes_are_read_as_indicators() -> None:
    shown = target_numbers(Classification(3), as_tensor([0, 1, 2, 1]))
    assert shown.argmax(axis=1).tolist() == [0, 1, 2, 1]
    assert np.allclose(shown.sum(axis=0), 0)


@quick
@given(models(), SEEDS)
def test_it_keeps_the_contract(model: Model, seed: int) -> None:
    prepared = prepared_for(model.valp, seed, rows=400)
    view = HeldOutView(model, prepared, losses_of(prepared))
    check_diagnostic(Dependency(), view, np.random.default_rng(seed))
