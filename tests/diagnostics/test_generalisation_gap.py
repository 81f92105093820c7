"""generalisation_gap: planted ratios are told, at any scale of the losses, and young training says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from tests.training.toy_data import losses_of, toy_model, toy_prepared
from valpnas.contracts.finding import Finding
from valpnas.diagnostics.generalisation_gap import GeneralisationGap
from valpnas.seeding import stream
from valpnas.testing.diagnostics import check_diagnostic
from valpnas.training.view import HeldOutView

PREPARED = toy_prepared()
MODEL, LOSSES = toy_model(PREPARED), losses_of(PREPARED)
HELD_OUT = HeldOutView(MODEL, PREPARED, LOSSES).losses()


def view_of(ratios: Mapping[str, float], batches: int = 300, disturbed_at: int = 0) -> HeldOutView:
    """A model whose training losses are those held out, divided by ``ratios``; ten times as high before the latest."""
    training = {o: torch.full((batches,), HELD_OUT[o] / ratio) for o, ratio in ratios.items()}
    early = {o: torch.cat([10 * losses[:-200], losses[-200:]]) for o, losses in training.items()}
    return HeldOutView(replace(MODEL, histories=early, disturbed_at=disturbed_at), PREPARED, LOSSES)


def said(view: HeldOutView, **settings: float) -> dict[str, Finding]:
    return {f.output: f for f in GeneralisationGap(**{"floor": 0.0, **settings}).examine(view, stream(0))}  # type: ignore[arg-type]


@given(st.floats(0.2, 50))
@quick
def test_an_output_is_memorised_from_the_ratio_on(ratio: float) -> None:
    (finding,) = said(view_of({"kind": ratio})).values()
    assert finding.evidence["ratio"] == pytest.approx(ratio, rel=1e-5)
    if abs(ratio - 1.25) > 1e-4:
        assert finding.kind == ("MEMORISED" if ratio > 1.25 else "GENERALISES")


def test_every_output_is_judged_by_itself_and_in_order() -> None:
    names = sorted(MODEL.valp.tasks)
    found = said(view_of({name: 1.0 + i for i, name in enumerate(names)}))
    assert list(found) == names
    assert [finding.kind for finding in found.values()] == ["GENERALISES", *["MEMORISED"] * (len(names) - 1)]


def test_only_batches_since_the_last_disturbance_count() -> None:
    assert not said(view_of({"kind": 3.0}, batches=300, disturbed_at=260))
    (finding,) = said(view_of({"kind": 3.0}, batches=300, disturbed_at=200)).values()
    assert (finding.kind, finding.evidence["batches"]) == ("MEMORISED", 100)


def test_two_losses_near_zero_are_alike() -> None:
    (without,) = said(view_of({"kind": 1000.0})).values()
    (with_floor,) = said(view_of({"kind": 1000.0}), floor=100.0).values()
    assert (without.kind, with_floor.kind) == ("MEMORISED", "GENERALISES")


def test_it_keeps_the_contract() -> None:
    check_diagnostic(GeneralisationGap(), view_of({"kind": 3.0}), stream(0))
