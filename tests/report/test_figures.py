"""The charts: what they show is what the run holds, every one is a figure, and nothing in them is markup."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from valpnas.contracts.finding import Finding
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression
from valpnas.report.accounts import accounts
from valpnas.report.curves import changes_of, loss_curves, thinned
from valpnas.report.figure import Figure, grid, hover, plain
from valpnas.report.fronts import pairs_of, pareto_panels
from valpnas.report.predictions import Predicted, caption, prediction_figure
from valpnas.report.progress import hypervolume_curves, reached
from valpnas.report.steps import Step
from valpnas.search.pareto import hypervolume

from .fabricate import EVIL


def check(figure: Figure) -> dict[str, dict[str, object]]:
    """Return the traces by name after the chart library has checked every key; it must be JSON."""
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)
    return {trace.get("name", str(i)): trace for i, trace in enumerate(figure["data"])}


def step(candidate: int, verdict: str = "accepted", change: str = "add_layer", **objectives: float) -> Step:
    spent = {"batches": 10, "kept": 10, "total_batches": 10 * (candidate + 1), "total_seconds": float(candidate + 1)}
    parent = candidate - 1 if candidate else None
    reason = EVIL if candidate else ""  # a start has none
    return Step(candidate, parent, change, "n1", reason, verdict=verdict, objectives=objectives, **spent)  # type: ignore[arg-type]


STEPS = [step(0, a=0.9, b=0.8), step(1, a=0.5, b=0.7), step(2, "rejected", a=0.6, b=0.75), step(3, EVIL, a=0.4, b=0.9)]


def test_texts_cannot_become_markup() -> None:
    assert plain(EVIL) == "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert hover([EVIL, "", "word " * 30]).count("<br>") == 4
    figures = [pareto_panels(STEPS[:3], {1}, {}), loss_curves({"a": np.ones(40)}, STEPS, [])]
    assert "<script" not in json.dumps(figures)


def test_panels_fill_the_chart_and_do_not_overlap() -> None:
    panels = grid(5, 3, tall=200)
    rows = {tuple(y) for _, y in panels.places}
    assert len(rows) == 2
    low, high = sorted(rows)
    assert (low[0], high[1]) == (pytest.approx(0.0), 1.0)
    assert low[1] < high[0]
    assert [x for x, _ in panels.places[:3]] == sorted(x for x, _ in panels.places[:3])
    assert panels.places[0][0][1] < panels.places[1][0][0]


def test_curves_are_thinned_to_means() -> None:
    losses = np.arange(1.0, 1001.0)
    x, y = thinned(losses)
    assert len(x) == len(y) == 300
    assert (x[0], y[0]) == (1.0, 2.0)  # of the batches 0, 1 and 2
    assert np.average(y, weights=np.diff(np.linspace(0, 1000, 301).astype(int))) == pytest.approx(losses.mean())
    assert [list(part) for part in thinned(np.array([3.0, 2.0]))] == [[0, 1], [3, 2]]


def test_curves_show_changes_where_they_were_made() -> None:
    assert [(at, made.candidate) for at, made in changes_of(STEPS[:3])] == [(10, 1), (20, 2)]
    assert check(loss_curves({"a": np.ones(30)}, STEPS[:3], []))["change of the model"]["x"] == [
        10,
        10,
        None,
        20,
        20,
        None,
    ]


def test_batches_after_the_state_that_counts_are_in_no_history_and_move_no_mark() -> None:
    overdone = replace(STEPS[0], batches=40, kept=10)
    assert [at for at, _ in changes_of([overdone, *STEPS[1:3]])] == [10, 20]


def test_the_fitted_slope_goes_through_the_middle_of_what_it_was_fitted_to() -> None:
    losses = np.concatenate([np.full(50, 9.0), 1.5 * np.exp(-0.01 * np.arange(-50, 51))])
    slope = Finding("STEEP", output="a", evidence={"slope per batch": -0.01, "batches": 101.0, "level": 1.5})
    about_a_part = Finding("X", "n1", "a", evidence={"slope per batch": 1.0})
    drawn = check(loss_curves({"a": losses}, STEPS[:1], [slope, about_a_part]))["fitted slope"]
    x, y = (np.array(drawn[axis], dtype=float) for axis in "xy")
    assert (x[0], x[-1]) == (50, 150)
    assert y == pytest.approx(np.interp(x, np.arange(151), losses), rel=1e-3)


@pytest.mark.parametrize(("names", "pairs"), [("a", 0), ("ab", 1), ("abc", 3), ("abcde", 10), ("abcdefg", 7)])
def test_pairs_stay_few(names: str, pairs: int) -> None:
    assert len(pairs_of(list(names))) == pairs


def test_the_front_shows_every_candidate_with_its_verdict() -> None:
    traces = check(pareto_panels(STEPS[:3], {1}, {1: {"a": 0.55, "b": 0.77}}))
    assert traces["on the front"]["x"] == [0.5]
    assert (traces["start"]["x"], traces["accepted"]["x"], traces["rejected"]["x"]) == ([0.9], [0.5], [0.6])
    assert "a: 0.5 on validation, 0.55 on test" in traces["accepted"]["text"][0]  # type: ignore[index]


def test_one_output_is_drawn_by_candidate() -> None:
    traces = check(pareto_panels([step(0, a=0.9), step(1, a=0.5)], {1}, {}))
    assert (traces["accepted"]["x"], traces["accepted"]["y"]) == ([1.0], [0.5])


def test_the_hypervolume_grows_to_that_of_the_front() -> None:
    reference, ideal = {"a": 1.0, "b": 1.0}, {"a": 0.01, "b": 0.01}
    test = {i: {"a": 0.9, "b": 0.9} for i in range(3)}
    rows = reached(STEPS, reference, ideal, test)
    values = [row.validation for row in rows]
    assert values == sorted(values)
    assert values[-1] == hypervolume([s.objectives for s in STEPS], reference, ideal)
    assert rows[2].validation == rows[1].validation
    assert [row.test is None for row in rows] == [False, False, False, True]  # nobody tested candidate 3
    assert check(hypervolume_curves(rows))["front on validation rows"]["x"] == [1.0, 2.0, 3.0, 4.0]


def test_every_task_has_a_chart_and_a_caption() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(4), size=30)
    cases = [
        Predicted("kind", Classification(3), 1, np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0])),
        Predicted("number", Regression(2), 1, rng.standard_normal((900, 2)), rng.standard_normal((900, 2))),
        Predicted("shares", Distribution(4), 1, shares, shares[::-1]),
        Predicted("drawn", Generation((5,)), 1, rng.random((20, 5)), rng.random((9, 5))),
    ]
    for shown in cases:
        check(prediction_figure(shown))
        assert f"the front's best for {shown.output}" in caption(shown)
    assert "75.0% are right" in caption(cases[0])
    heat = prediction_figure(cases[0])["data"][0]
    assert heat["customdata"] == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert heat["z"][2] == [0.5, 0.0, 0.5]
    assert len(prediction_figure(cases[1])["data"][0]["x"]) == 800


def test_seconds_are_told_with_their_shares() -> None:
    names = list(check(accounts({"training": 3.0, "new account": 1.0})))
    assert names[0].startswith("training: 3.0 s (75%)")
    assert names[1].startswith("new account: 1.0 s (25%)")
    check(accounts({"training": 0.0}))
