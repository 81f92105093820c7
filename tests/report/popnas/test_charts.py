"""Charts of a search of cells: fronts, shares and drawings, each against what it is of."""

from __future__ import annotations

import pytest

from valpnas.opened_run import Run
from valpnas.report.popnas.best import HEIGHT, WIDTH, best_cells
from valpnas.report.popnas.expected import fronts_chart
from valpnas.report.popnas.scores import costs_chart, front_of, scores_chart
from valpnas.report.popnas.usage import usage_chart

from .test_refitting import cells_of


def test_a_front_rises_with_cost() -> None:
    points = [(3.0, 0.5), (1.0, 0.2), (2.0, 0.1), (1.0, 0.3), (4.0, 0.5), (5.0, 0.9)]
    assert front_of(points) == ([1.0, 3.0, 5.0], [0.3, 0.5, 0.9])
    assert front_of([]) == ([], [])


def test_every_trained_cell_is_in_each_panel(run: Run) -> None:
    cells = cells_of(run)
    assert cells.weighed == ["seconds", "parameters"]
    for axis in ("x", "x2"):
        dots = [t for t in costs_chart(cells)["data"] if t["xaxis"] == axis and t["mode"] == "markers"]
        assert sum(len(trace["x"]) for trace in dots) == len(cells.trained)
    best = scores_chart(cells)["data"][0]["y"]
    assert best == sorted(best)


def test_exact_costs_came_as_expected(run: Run) -> None:
    for each in cells_of(run).expected:
        assert each.estimates["parameters"] == each.got("parameters")


def test_fronts_have_a_panel_for_each_round_and_cost(run: Run) -> None:
    chart = fronts_chart(cells_of(run))
    assert {trace["xaxis"] for trace in chart["data"]} == {"x", "x2", "x3", "x4"}
    assert [note["text"] for note in chart["layout"]["annotations"]] == [f"<b>round {n}</b>" for n in (2, 2, 3, 3)]


def test_shares_of_a_column_add_up(run: Run, drawn: Run) -> None:
    for each, columns in ((run, ["round 1", "round 2", "round 3", "best 5"]), (drawn, ["all", "best 5"])):
        for table in usage_chart(cells_of(each))["data"]:
            assert table["x"] == columns
            assert [sum(row[i] for row in table["z"]) for i in range(len(columns))] == pytest.approx(
                [1] * len(columns), abs=0.001
            )
    operations, inputs = usage_chart(cells_of(run))["data"]
    assert operations["y"] == ["identity", "3x3 conv"]
    assert inputs["y"] == ["lookback -2", "lookback -1", "block 0", "block 1"]


def test_the_best_cells_are_drawn_inside_their_pictures(run: Run) -> None:
    drawn = best_cells(cells_of(run), 5, {0: {"side": 0.25}})
    scores = [best.tried.got("score") for best in drawn]
    assert scores == sorted(scores, reverse=True)
    for best in drawn:
        operations = [box.text for box in best.boxes if box.look == "operation"]
        assert sorted(operations) == sorted(o for block in best.tried.cell.blocks for o in block.operations)
        assert all(box.x + WIDTH <= best.width and box.y + HEIGHT <= best.height for box in best.boxes)
