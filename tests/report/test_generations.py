"""Generations in reports: read from the run directory alone, in the terminal, as a chart and on the page."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from deap.base import Toolbox
from rich.console import Console

from tests.store.small_runs import make
from valpnas.contracts.operator import Operator
from valpnas.opened_run import Run
from valpnas.report.generations import generation_chart
from valpnas.report.terminal import print_summary
from valpnas.report.watching import frame
from valpnas.reporting import write_report
from valpnas.search.population import Nsga2


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two generations of a population of three, whose size is an objective."""
    path = tmp_path_factory.mktemp("runs") / "run"
    return make(path, search="nsga2", population=3, generations=2, objectives=["parameters"])


def test_a_search_of_one_model_has_none(tmp_path: Path) -> None:
    summary = make(tmp_path / "run").summary()
    assert (summary["generations"], summary["unit"]) == ([], "steps")


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
    assert frame(run.path).summary["unit"] == "generations"


def test_they_are_drawn_on_the_page(run: Run) -> None:
    chart = generation_chart(run.summary()["generations"])
    assert [trace["x"] for trace in chart["data"]] == [[0, 1, 2], [0, 1, 2]]
    page = write_report(run).read_text(encoding="utf-8")
    assert "of 2</strong> generations" in page
    assert "<h3>Generations</h3>" in page
