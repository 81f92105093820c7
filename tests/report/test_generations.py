"""Generations in reports: read from the run directory alone, in the terminal, as a chart and on the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from deap.base import Toolbox
from rich.console import Console

from tests.store.small_runs import make
from valpnas.contracts.operator import Operator
from valpnas.opened_run import Run
from valpnas.report.contents import OnData, contents
from valpnas.report.generations import generation_chart
from valpnas.report.numbers import objective
from valpnas.report.terminal import front_table, print_summary
from valpnas.report.watching import frame
from valpnas.reporting import write_report
from valpnas.search.population import Nsga2
from valpnas.store.run_directory import RunDirectory


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two generations of a population of three, whose size is an objective."""
    path = tmp_path_factory.mktemp("runs") / "run"
    return make(path, search="nsga2", population=3, generations=2, objectives=["parameters"])


def test_a_search_of_one_model_has_none(tmp_path: Path) -> None:
    summary = make(tmp_path / "run").summary()
    assert (summary["generations"], summary["unit"]) == ([], "steps")
    assert list(front_table(summary).columns[0].cells)[:2] == ["constant", "start"]
    page = write_report(Run(tmp_path / "run")).read_text(encoding="utf-8")
    assert "From a first model" in page
    assert "<th>constant, validation</th><th>start, validation</th>" in page


class Uniform(Nsga2):
    """A search of one's own: parents are drawn without looking at them."""

    name = "uniform"

    def toolbox(self, operators: Mapping[str, Operator]) -> Toolbox:
        """Register another selection."""
        toolbox = super().toolbox(operators)
        toolbox.register("select", lambda points, rng: int(rng.integers(len(points))))
        return toolbox


def test_a_search_of_ones_own_has_its_generations(tmp_path: Path) -> None:
    run = make(tmp_path / "run", search=f"{__name__}:Uniform", population=3, generations=1)
    summary = run.summary()
    assert (summary["unit"], summary["steps"], summary["steps_planned"]) == ("generations", 1, 1)
    assert [row["trained"] + row["failed"] for row in summary["generations"]] == [3, 3]


def test_the_first_row_is_what_a_constant_scores(run: Run) -> None:
    reference = run.problem.reference
    assert run.summary()["constant"] == dict(reference)
    cells = {column.header: next(iter(column.cells)) for column in front_table(run.summary()).columns}
    assert cells == {"model": "constant", "parameters": ""} | {name: f"{reference[name]:.3f}" for name in reference}
    assert set(reference) == {"side", "sum"}
    shown = contents(RunDirectory(run.path), OnData())
    assert {best.output: best.constant for best in shown.bests} == dict(reference)


def test_rows_say_who_survived_and_how_good_the_members_are(run: Run) -> None:
    rows = run.summary()["generations"]
    assert [(row["generation"], row["trained"], row["members"]) for row in rows] == [(0, 3, 3), (1, 3, 3), (2, 3, 3)]
    for row in rows:
        assert set(row["best"]) == set(row["median"]) == {"side", "sum", "parameters"}
        assert all(row["best"][name] <= row["median"][name] for name in row["best"])


def test_they_are_shown_in_the_terminal(run: Run) -> None:
    console = Console(file=StringIO(), width=140)
    print_summary(run.summary(), [], console)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "2 of 2 generations (ended)" in told
    assert "3 of 3" in told
    assert "│  start 0 │" in told
    assert frame(run.path).summary["unit"] == "generations"


def test_the_size_has_one_column_though_it_is_an_objective_too(run: Run) -> None:
    table = front_table(run.summary())
    assert [column.header for column in table.columns] == ["model", "side", "sum", "parameters"]
    constant, first, *others = table.columns[-1].cells
    assert constant == ""
    assert first == f"{run.summary()['start']['parameters']:,.0f}"
    assert list(others) == [f"{member['parameters']:,}" for member in run.summary()["front"]]


def test_an_objective_that_needs_no_rows_is_shown_without_a_test_figure(tmp_path: Path) -> None:
    summary = make(tmp_path / "run", search="nsga2", population=3, generations=0, objectives=["flops"]).summary()
    flops = next(column for column in front_table(summary).columns if column.header == "flops")
    assert list(flops.cells)[:2] == ["", objective(summary["start"]["flops"])]
    texts = json.dumps(contents(RunDirectory(tmp_path / "run"), OnData()).figures["front"])
    assert "flops: " in texts
    assert "flops: validation objective" not in texts


def test_they_are_drawn_on_the_page(run: Run) -> None:
    chart = generation_chart(run.summary()["generations"])
    assert [trace["x"] for trace in chart["data"]] == [[0, 1, 2], [0, 1, 2]]
    page = write_report(run).read_text(encoding="utf-8")
    assert "of 2</strong> generations" in page
    assert "<h3>Generations</h3>" in page
    assert "From a population of first models" in page
    assert "From a first model" not in page
    assert "<th>start 0, validation</th>" in page
