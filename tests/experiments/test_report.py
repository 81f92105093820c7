"""Tables, figures, page: everything is in them, nothing in them can run, and odd cases draw too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest

from valpnas.experiments.analysis import analyse
from valpnas.experiments.arms import Arm
from valpnas.experiments.compare import Compared, write_report
from valpnas.experiments.comparison import Comparison
from valpnas.experiments.curves import curve
from valpnas.experiments.duel import OutputFigures
from valpnas.experiments.figures import figures
from valpnas.experiments.page import page
from valpnas.experiments.points import Point
from valpnas.experiments.record import Record
from valpnas.experiments.tables import Table, arm_table, choice_table, duel_table, output_table, setting_table
from valpnas.experiments.terminal import print_comparison

from .fabricate import BOUNDS, comparison, point, record, untested

PNG = b"\x89PNG\r\n\x1a\n"


def run_of(arm: str, pair: int, *values: float) -> list[Point]:
    return [point((arm, pair), step, a=v, b=v) for step, v in enumerate(values)]


def kept(path: Path, made: Comparison, pairs: int = 3) -> Record:
    runs = [
        run_of(arm.name, pair, 0.9, 0.6 - 0.1 * i, 0.4 - 0.1 * i + 0.01 * pair)
        for pair in range(pairs)
        for i, arm in enumerate(made.arms)
    ]
    return record(path / "r.csv", made, [p for run in runs for p in run])


def test_tables_hold_the_figures(tmp_path: Path) -> None:
    made = comparison("x", "y")
    block = analyse(kept(tmp_path, made), made.options)[0]
    arms, duels = arm_table(block), duel_table(block)
    assert [row[0] for row in arms.rows] == ["y", "x"]  # the best first
    assert all(len(row) == len(arms.columns) for row in arms.rows)
    assert all(len(row) == len(duels.columns) for row in duels.rows)
    x_y = dict(zip(duels.columns, duels.rows[0], strict=True))
    assert (x_y["comparison"], x_y["part"], x_y["wins-ties-losses"]) == ("x : y", "validation", "0-0-3")
    assert (x_y["p"], x_y["effect"], x_y["points pooled"]) == ("0.25", "-1.00", "0:1")


def test_outputs_say_where_an_arm_is_good(tmp_path: Path) -> None:
    made = comparison("x", "y")
    points = kept(tmp_path, made).points
    table = output_table(analyse(kept(tmp_path, made), made.options)[-1])
    assert [row[0] for row in table.rows] == ["y", "x"]
    last = [point for point in points if point.arm == "x" and point.step == 2]
    for name, cell in zip(table.columns[1:], table.rows[1][1:], strict=True):
        values = [point.test[name] for point in last]
        assert cell == f"{fmean(values):.4f} ± {stdev(values):.4f}"


def test_an_output_without_a_test_figure_is_counted(tmp_path: Path) -> None:
    made = comparison("x", "y")
    block = analyse(kept(tmp_path, made), made.options)[-1]
    without = OutputFigures(0.5, 0.25, 2), OutputFigures(None, None, 3)
    arms = tuple(replace(result, outputs={"a": figures}) for result, figures in zip(block.arms, without, strict=True))
    cells = {row[0]: row[1] for row in output_table(replace(block, arms=arms)).rows}
    assert cells == {"x": "0.5000 ± 0.2500 (2 without)", "y": "-"}


def test_settings_show_what_differs_and_a_size_only_where_it_is_used(tmp_path: Path) -> None:
    made = comparison(
        Arm("x", {"start": "wide", "start_parameters": 500}), Arm("y", {"start": "random", "batch_size": 7})
    )
    table = setting_table(kept(tmp_path, made).settings, ("chooser",))
    assert set(table.columns) == {"arm", "start", "start parameters", "chooser", "batch size"}
    cells = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert (cells["x"]["start parameters"], cells["y"]["start parameters"]) == ("500", "")


def test_settings_show_of_each_arm_what_its_search_takes(tmp_path: Path) -> None:
    made = comparison(Arm("x", {"search": "nsga2", "population": 4}), Arm("y", {}))
    table = setting_table(kept(tmp_path, made).settings, ("search", "accept", "generations", "steps"))
    cells = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert (cells["x"]["accept"], cells["x"]["steps"], cells["x"]["population"]) == ("", "", "4")
    assert (cells["y"]["generations"], cells["y"]["population"], cells["y"]["search"]) == ("", "", "hill-climbing")
    assert "stagnation" not in table.columns


def test_tuning_is_shown_with_all_that_was_tried() -> None:
    tried = [{"learning_rate": 0.1, "hypervolume": 0.25}, {"learning_rate": 0.2, "hypervolume": 0.125}]
    table = choice_table({"x": {"chosen": {"learning_rate": 0.1}, "tried": tried}})
    assert table.rows == (("x", "learning rate 0.1", "learning rate 0.1: 0.2500, learning rate 0.2: 0.1250"),)


def test_every_figure_is_drawn(tmp_path: Path) -> None:
    drawn = figures(kept(tmp_path, comparison("x", "y")), ("x", "y"))
    assert set(drawn) == {"hypervolume", "fronts-pairwise", "fronts-pooled"}
    assert all(png.startswith(PNG) for png in drawn.values())


@pytest.mark.parametrize("what", ["one pair", "nothing tested", "a lost run", "many arms", "no steps"])
def test_odd_cases_are_drawn_too(tmp_path: Path, what: str) -> None:
    names = tuple("abcdefghij") if what == "many arms" else ("x", "y")
    made = comparison(*names)
    odd = kept(tmp_path, made, pairs=1 if what == "one pair" else 3)
    if what == "nothing tested":
        odd.points = [untested(p) for p in odd.points]
    if what == "a lost run":
        odd.add_pair(9, run_of("x", 9, 0.9, 0.8, 0.7), {"y": "diverged"}, {})
    if what == "no steps":
        odd.points = [p for p in odd.points if p.step == 0]
    assert all(png.startswith(PNG) for png in figures(odd, names).values())


def test_a_curve_is_a_step_function_that_ends_with_its_shortest_run() -> None:
    runs = {("x", 0): run_of("x", 0, 0.9, 0.5), ("x", 1): run_of("x", 1, 0.9, 0.5, 0.2)}
    drawn = curve(runs, "x", "batches", "validation", BOUNDS)
    assert drawn is not None
    assert (drawn.x[0], drawn.x[-1]) == (0.0, 30.0)
    assert drawn.mean[0] == 0.0
    assert drawn.mean[-1] == pytest.approx(BOUNDS.hypervolume([{"a": 0.5, "b": 0.5}]))
    assert np.all(np.diff(drawn.mean) >= 0)
    assert np.allclose(drawn.spread, 0.0)
    assert curve({("x", 0): []}, "x", "batches", "validation", BOUNDS) is None
    untold = curve({("x", 0): [untested(point())]}, "x", "batches", "test", BOUNDS)
    assert untold is not None
    assert not untold.mean.any()


def test_nothing_on_the_page_can_run() -> None:
    evil = "<script>alert(1)</script>"
    table = Table(evil, (evil,), ((evil,),))
    text = page(evil, [evil], [evil], [table], [(evil, PNG)], evil)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 10  # title and caption are there twice
    assert 'src="data:image/png;base64,' in text


def test_an_empty_table_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    empty = Table("tuning nothing", ("arm",), ())
    assert "tuning nothing" not in page("t", [], [], [empty], [], "")
    print_comparison([empty], ["[bold]a sentence[/bold]"])
    assert capsys.readouterr().out == "* [bold]a sentence[/bold]\n"


def test_the_report_is_written_whole(tmp_path: Path) -> None:
    made = comparison("x", "y", figure_arms=("y",))
    compared = Compared(made, kept(tmp_path, made))
    shown, every = compared.first_asked(), compared.tables()
    assert shown[:2] == every[:2]  # settings and tuning
    assert {table.title for table in shown} < {table.title for table in every}
    assert {row[1] for table in shown if table.columns[0] == "comparison" for row in table.rows} == {
        "test, primary",
        "test",
    }
    write_report(compared, tmp_path / "out", "digits: 2 arms", "valpnas compare")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "comparison.html",
        "comparison.json",
        "fronts-pairwise.png",
        "fronts-pooled.png",
        "hypervolume.png",
    ]
    text = (tmp_path / "out" / "comparison.html").read_text()
    assert text.count("<img") == 3
    assert all(block.arms[0].arm == "x" for block in compared.blocks)
    assert "step 2: the comparisons" in text


def test_no_two_of_thirteen_arms_are_drawn_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("valpnas.experiments.figures.as_png", lambda figure: drawn.append(figure) or PNG)
    names = tuple(f"arm{i}" for i in range(13))
    figures(kept(tmp_path, comparison(*names)), names)
    curves, _, bars = drawn
    lines = [(line.get_color(), line.get_linestyle()) for line in curves.axes[0].get_lines()]
    boxes = [(c.patches[0].get_facecolor(), c.patches[0].get_hatch()) for c in bars.axes[0].containers]
    assert len(set(lines)) == len(lines) == 13
    assert len(set(boxes)) == len(boxes) == 13


def test_what_the_problem_says_of_its_figures_comes_first(tmp_path: Path) -> None:
    compared = comparison("x", "y")
    made = kept(tmp_path, compared)
    assert "lossy images" not in Compared(compared, made).notes
    found = {**made.problem, "notes": ["lossy images"]}
    made.take_problem(found, tmp_path)
    made.save((1,))
    assert Compared(compared, Record.read(made.path)).notes[0] == "lossy images"
