"""Every diagnostic of the table only looks and keeps to its words; and one that does not is caught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import ClassVar

import numpy as np
import pytest

from tests.training.toy_data import losses_of, toy_model, toy_prepared
from valpnas import catalog
from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Estimate, Finding
from valpnas.contracts.operator import Site
from valpnas.diagnostics import DIAGNOSTICS
from valpnas.testing import diagnostics
from valpnas.testing.conformance_error import ConformanceError
from valpnas.testing.diagnostics import check_diagnostic
from valpnas.testing.partly_trained import partly_trained
from valpnas.training.view import HeldOutView


def view_of(batches: int) -> HeldOutView:
    """Return a view of a toy model after some batches, with six peers."""
    prepared = toy_prepared(rows=400)
    model = partly_trained(toy_model(prepared), np.random.default_rng(0), batches)
    peers = {i: dict.fromkeys(model.valp.tasks, 1.0 + i) for i in range(6)}
    return HeldOutView(model, prepared, losses_of(prepared), 6, dict.fromkeys(model.valp.tasks, 1.0), peers)


@pytest.mark.parametrize("batches", [0, 3, 60])
@pytest.mark.parametrize("name", [entry.name for entry in DIAGNOSTICS])
def test_every_promise_is_kept(name: str, batches: int) -> None:
    check_diagnostic(catalog.diagnostic(name), view_of(batches), np.random.default_rng(0))


# -- negative controls --------------------------------------------------------------------------------------

GOOD = Finding("STUCK", output="kind", evidence={"slope": 0.0}, advice="treat")
_calls = count()


@dataclass(frozen=True)
class Planted(Diagnostic):
    """A diagnostic that reports what it is told to, and may do harm."""

    found: Finding = GOOD
    priced: Sequence[Estimate] = ()
    harm: str = ""
    stated: float = 0.0
    name: ClassVar[str] = "planted"
    emits: ClassVar[Mapping[str, str]] = {"STUCK": "treat", "STEEP": "none"}

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:  # noqa: ARG002
        if self.harm == "weights":
            next(iter(view.tensors(view.valp.networks[0].id).values())).mul_(2)
        elif self.harm == "history":
            view.histories["kind"][:] = 0
        elif self.harm == "passes":
            view.losses_with_value("table", view.value("table"))
        elif self.harm == "chance":
            return [replace(self.found, strength=1 / (1 + next(_calls)))]
        return [self.found]

    def cost(self, view: ModelView) -> float:  # noqa: ARG002
        return self.stated

    def price(self, view: ModelView, rng: np.random.Generator) -> Sequence[Estimate]:  # noqa: ARG002
        return self.priced


@dataclass(frozen=True)
class Misadvised(Planted):
    """A diagnostic that announces advice no rule knows."""

    emits: ClassVar[Mapping[str, str]] = {"STUCK": "perhaps"}


def estimate(output: str = "kind", component: str = "n1", gain: float = 0.1) -> Estimate:
    """Return an estimate for a place."""
    return Estimate("clone_network/gentle", Site(components=(component,)), output, gain, 0.1)


def test_a_faultless_diagnostic_passes() -> None:
    found = check_diagnostic(Planted(priced=[estimate()]), view_of(3), np.random.default_rng(0))
    assert found == [GOOD]


@pytest.mark.parametrize(
    ("diagnostic", "promise"),
    [
        (Planted(replace(GOOD, kind="BORED")), diagnostics.ANNOUNCED),
        (Planted(replace(GOOD, advice="protect")), diagnostics.ANNOUNCED),
        (Misadvised(), diagnostics.ANNOUNCED),
        (Planted(replace(GOOD, component="n99")), diagnostics.PLACES),
        (Planted(replace(GOOD, output="n1")), diagnostics.PLACES),
        (Planted(replace(GOOD, strength=1.5)), diagnostics.NUMBERS),
        (Planted(replace(GOOD, evidence={"slope": float("nan")})), diagnostics.NUMBERS),
        (Planted(replace(GOOD, evidence={1: 1.0})), diagnostics.STORED),  # type: ignore[dict-item]
        (Planted(replace(GOOD, evidence={"slope": np.float32(1)})), diagnostics.STORED),  # type: ignore[dict-item]
        (Planted(harm="weights"), diagnostics.UNTOUCHED),
        (Planted(harm="history"), diagnostics.UNTOUCHED),
        (Planted(harm="chance"), diagnostics.REPEATABLE),
        (Planted(harm="passes"), diagnostics.AFFORDED),
        (Planted(stated=50.0), diagnostics.AFFORDED),
        (Planted(stated=5.0), diagnostics.AFFORDED),  # but not within a tenth of the budget
        (Planted(stated=-1.0), diagnostics.AFFORDED),
        (Planted(priced=[estimate(output="n1")]), diagnostics.PLACES),
        (Planted(priced=[estimate(component="n99")]), diagnostics.PLACES),
        (Planted(priced=[estimate(gain=float("inf"))]), diagnostics.NUMBERS),
    ],
)
def test_a_broken_promise_is_caught(diagnostic: Planted, promise: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_diagnostic(diagnostic, view_of(3), np.random.default_rng(0))
    assert caught.value.promise == promise
