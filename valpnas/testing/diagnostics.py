"""check_diagnostic: does a diagnostic only look, say the same twice, and keep to the words it announced?

Source of the promises: ``contracts/diagnostic.py`` and ``contracts/finding.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, cast

import numpy as np
from torch import Tensor

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Estimate, Finding
from valpnas.graph.subgraphs import recomputed_share
from valpnas.testing.conformance_error import require, through_json

REPEATABLE = "the same view and stream give the same findings"
ANNOUNCED = "findings keep to the kinds and advice that 'emits' announces"
PLACES = "findings are about components and outputs of the model"
NUMBERS = "strength lies in [0, 1] and all evidence is finite"
STORED = "findings survive JSON"
UNTOUCHED = "nothing of the view is altered"
AFFORDED = "the cost is stated beforehand, kept to, and within the budget, also within a small one"

_ROUNDING = 1e-6
_FORWARD_AND_BACK = 3.0  # passes that a gradient takes about as long as
_ADVICE = ("treat", "protect", "none")


def check_diagnostic(diagnostic: Diagnostic, view: ModelView, rng: np.random.Generator) -> list[Finding]:
    """Let ``diagnostic`` examine ``view`` and return what it found.

    Raises:
        ConformanceError: the first broken promise.
    """
    advice = set(diagnostic.emits.values())
    require(advice <= set(_ADVICE), ANNOUNCED, f"advice among {', '.join(_ADVICE)}", sorted(advice))
    seed = int(rng.integers(2**31))
    before = _contents(view)
    found = list(diagnostic.examine(view, np.random.default_rng(seed)))
    priced = list(diagnostic.price(view, np.random.default_rng(seed)))
    changed = _differing(before, _contents(view))
    require(not changed, UNTOUCHED, f"{diagnostic.name} to leave {', '.join(changed)}", "other values")
    again = list(diagnostic.examine(view, np.random.default_rng(seed)))
    require(found == again, REPEATABLE, f"{diagnostic.name} to find {_told(found)}", _told(again))
    require(
        priced == list(diagnostic.price(view, np.random.default_rng(seed))),
        REPEATABLE,
        f"{diagnostic.name} to price {priced}",
        "other prices the second time",
    )
    for budget in (diagnostic.budget, diagnostic.budget / 10):
        _check_cost(replace(diagnostic, budget=budget), view, seed)
    for finding in found:
        _check_finding(diagnostic, view, finding)
    for estimate in priced:
        _check_estimate(diagnostic, view, estimate)
    return found


def _check_cost(diagnostic: Diagnostic, view: ModelView, seed: int) -> None:
    """Count the passes of an examination and compare them with what was said beforehand."""
    what, counted = f"{diagnostic.name} with a budget of {diagnostic.budget:g} passes", _Counting(view)
    stated = diagnostic.cost(view)
    require(0 <= stated <= diagnostic.budget + _ROUNDING, AFFORDED, f"{what} to state no more", stated)
    diagnostic.examine(cast(ModelView, counted), np.random.default_rng(seed))
    require(counted.passes <= stated + _ROUNDING, AFFORDED, f"{what} to make the {stated:g} it stated", counted.passes)


class _Counting:
    """A view that counts passes."""

    def __init__(self, view: ModelView) -> None:
        self._view, self.passes = view, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def losses_with_tensors(self, component: str, tensors: Mapping[str, Tensor]) -> Mapping[str, float]:
        self.passes += recomputed_share(self._view.valp, component)
        return self._view.losses_with_tensors(component, tensors)

    def losses_with_value(self, component: str, value: Tensor) -> Mapping[str, float]:
        self.passes += recomputed_share(self._view.valp, component)
        return self._view.losses_with_value(component, value)

    def gradients(self, output: str) -> Mapping[str, Tensor]:
        self.passes += _FORWARD_AND_BACK
        return self._view.gradients(output)


def _told(findings: Sequence[Finding]) -> str:
    return "; ".join(map(str, findings)) or "nothing"


def _check_finding(diagnostic: Diagnostic, view: ModelView, finding: Finding) -> None:
    what = f"{diagnostic.name}: {finding}"
    announced = diagnostic.emits.get(finding.kind)
    require(announced is not None, ANNOUNCED, f"{what} to be among {', '.join(diagnostic.emits)}", finding.kind)
    require(finding.advice == announced, ANNOUNCED, f"{what} to advise {announced}", finding.advice)
    require(finding.component in {"", *view.valp.digraph}, PLACES, f"{what} to name a component", finding.component)
    require(finding.output in {"", *view.valp.tasks}, PLACES, f"{what} to name an output", finding.output)
    require(0 <= finding.strength <= 1, NUMBERS, f"{what} to have a strength in [0, 1]", finding.strength)
    bad = {name: number for name, number in finding.evidence.items() if not isfinite(number)}
    require(not bad, NUMBERS, f"{what} to have finite evidence", bad)
    rows = {name: row for name, row in finding.hint.items() if not all(map(isfinite, row))}
    require(not rows, NUMBERS, f"{what} to have a finite hint", rows)
    again = Finding.from_json(through_json(STORED, what, finding.to_json()))
    require(again == finding, STORED, f"{what} to survive JSON", again)


def _check_estimate(diagnostic: Diagnostic, view: ModelView, estimate: Estimate) -> None:
    what = f"{diagnostic.name}: {estimate}"
    require(estimate.output in view.valp.tasks, PLACES, f"{what} to name an output", estimate.output)
    site = estimate.site
    named = {*site.components, *site.outputs, *(end for arc in site.arcs for end in arc)}
    require(named <= set(view.valp.digraph), PLACES, f"{what} to name components", sorted(named))
    finite = isfinite(estimate.gain) and isfinite(estimate.stderr) and estimate.stderr >= 0
    require(finite, NUMBERS, f"{what} to be finite, its error not negative", (estimate.gain, estimate.stderr))


def _contents(view: ModelView) -> dict[str, np.ndarray]:
    """Return copies of everything a view shows, by name."""
    components = [vertex.name for vertex in view.valp.inputs] + list(view.valp.specs)
    trained = {name: view.tensors(name) for name in (*view.valp.specs, *view.valp.tasks)}
    tables: dict[str, Mapping[str, object]] = {
        "history of": view.histories,
        "input": view.inputs,
        "target": view.targets,
        "loss of": view.losses(),
        "age of": view.ages,
        "objective of": view.objectives,
        **{f"objective of {number} in": objectives for number, objectives in view.peers.items()},
        "value of": {name: view.value(name) for name in components},
        **{f"weights of {name}:": tensors for name, tensors in trained.items()},
    }
    found = {f"{what} {name}": _array(value) for what, table in tables.items() for name, value in table.items()}
    marks = {"changed_at": view.changed_at, "disturbed_at": view.disturbed_at, "candidate": view.candidate}
    return found | {name: np.array(mark) for name, mark in marks.items()} | {"the graph": np.array(repr(view.valp))}


def _array(value: object) -> np.ndarray:
    """Copy a number, an array or a tensor on any device."""
    return value.detach().cpu().numpy().copy() if isinstance(value, Tensor) else np.array(value)


def _differing(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]) -> list[str]:
    names = sorted(before.keys() | after.keys())
    return [name for name in names if name not in before or name not in after or not _same(before[name], after[name])]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()
