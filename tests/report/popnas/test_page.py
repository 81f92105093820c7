"""The page of a search of cells: it says what applies to the search, and every chart has its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.report.test_page import Reader
from valpnas.opened_run import Run
from valpnas.report.contents import OnData, contents
from valpnas.report.page import page
from valpnas.store.run_directory import RunDirectory

from .conftest import PREDICTED, make

OF_PREDICTORS = {"outlook", "fronts", "agreement", "errors", "influence-seconds"}


def text_of(run: Run) -> str:
    return page(contents(RunDirectory(run.path), OnData()))


def places(text: str) -> set[str]:
    found = set(re.findall(r'data-figure="([^"]+)"', text))
    assert found <= set(json.loads(Reader(text).scripts[0])["figures"]), "every place has its chart"
    return found


@pytest.fixture(scope="module")
def text(run: Run) -> str:
    return text_of(run)


def test_all_that_a_search_with_predictors_has_is_shown(run: Run, text: str) -> None:
    assert places(text) == OF_PREDICTORS | {"scores", "costs", "rounds", "usage", "seconds"}
    assert "a run of popnas, seed 3" in text
    assert text.count('<g class="piece output"') == 5
    assert "measured exclusively" in text
    summary = run.summary()
    assert f"All {summary['evaluations']} cells" in text


def test_a_search_without_predictors_shows_what_applies_to_it(drawn: Run) -> None:
    text = text_of(drawn)
    assert places(text) == {"scores", "costs", "usage", "seconds"}
    for word in ("expected", "MAPE", "Shapley", "chooser random"):
        assert word not in text[: text.index("<script")]


def test_nothing_speaks_of_changes(text: str) -> None:
    for word in ("changes accepted", "family tree", "Family tree", "train further"):
        assert word not in text[: text.index("<script")]


def test_pnas_has_scores_to_expect_and_no_costs(tmp_path: Path) -> None:
    cells = {key: value for key, value in PREDICTED.items() if key in ("score_predictor", "children")}
    text = text_of(make(tmp_path / "run", "pnas", {**cells, "blocks": 2}))
    assert places(text) >= {"agreement", "errors"}
    assert not places(text) & {"outlook", "fronts", "influence-seconds"}


def test_a_run_in_its_first_round_is_shown_as_far_as_it_is(run: Run, tmp_path: Path) -> None:
    path = copied(run, tmp_path, "trained", 3)
    text = page(contents(RunDirectory(path), OnData()))
    assert places(text) == {"scores", "costs", "usage", "seconds"}
    assert "This run has not ended" in text


def test_a_run_without_a_cell_says_so(run: Run, tmp_path: Path) -> None:
    text = page(contents(RunDirectory(copied(run, tmp_path, "proposed", 1)), OnData()))
    assert "No model has been trained yet" in text
    assert "chooser" not in text


def test_more_objectives_have_a_front(tmp_path: Path) -> None:
    two = make(tmp_path / "run", "cell-random", {"networks": 4}, objectives=["parameters"])
    text = text_of(two)
    assert {"front", "progress"} <= places(text)
    front = json.loads(Reader(text).scripts[0])["figures"]["front"]
    assert {trace["name"] for trace in front["data"]} == {"on the front", "tried"}


def copied(run: Run, folder: Path, event: str, count: int) -> Path:
    """Copy a run whose journal ends with the ``count``-th event of a kind."""
    path = folder / "copy"
    path.mkdir()
    for file in run.path.iterdir():
        if file.name != "journal.jsonl":
            (path / file.name).symlink_to(file)
    lines = (run.path / "journal.jsonl").read_text().splitlines(keepends=True)
    at = [i for i, line in enumerate(lines) if json.loads(line)["event"] == event][count - 1]
    (path / "journal.jsonl").write_text("".join(lines[: at + 1]))
    return path
