"""Searches of cells as runs on disk: filled in, resumed, trained by several workers, and refused in one line."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.search.popnas.fakes import by_operations, images
from tests.store.stopping import stopped
from tests.store.test_kill_and_resume import PROGRAM, killed
from valpnas.cli import app
from valpnas.config_tables import config_from
from valpnas.contracts.executor import Answer
from valpnas.errors import ConfigError
from valpnas.opened_run import Run
from valpnas.proxy_protocol import with_proxy_settings
from valpnas.resuming import resume
from valpnas.run import design
from valpnas.run_files import read_run_file
from valpnas.search.popnas.networks import cell_of
from valpnas.search.recording import Recorder
from valpnas.store.replay import Asked
from valpnas.testing.runs import contents, events

CELLS: dict[str, Any] = {
    **{"operations": ["identity", "3x3 conv"], "blocks": 2, "children": 3, "costs": ["parameters"]},
    **{"epochs": 1, "filters": 2, "motifs": 1, "normal_cells": 1},
}
OF_EVOLUTION = {key: value for key, value in CELLS.items() if key not in ("children", "costs")} | {"networks": 6}
SEARCHES: dict[str, dict[str, Any]] = {
    "popnas": {"search": "popnas", "cell_search": CELLS},
    "cell-evolution": {"search": "cell-evolution", "population": 3, "cell_search": OF_EVOLUTION},
}


def make(path: Path, name: str = "popnas", **settings: Any) -> Run:
    given = {"device": "cpu", "seed": 3, "report": False, **SEARCHES[name], **settings}
    return design(images(), out=str(path), **given)


@pytest.fixture(scope="module", params=SEARCHES)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make(tmp_path_factory.mktemp("runs") / "whole", request.param)


@pytest.mark.parametrize("last", [0, 4, 5])
def test_a_run_goes_on_from_the_middle_of_a_round(whole: Run, last: int, tmp_path: Path) -> None:
    """Predictors are fitted again and choose the same cells: 4 and 5 are in the second ask of the evolution."""
    last += 8 * (whole.config.search == "popnas" and last > 0)  # 12 and 13 are of the second round

    with stopped(last):
        make(tmp_path / "run", whole.config.search)
    resume(tmp_path / "run", lambda _: None)
    assert contents(tmp_path / "run") == contents(whole.path)


def test_a_run_goes_on_where_predictions_have_other_last_digits(tmp_path: Path) -> None:
    """As on another processor; what the journal says was expected stays."""
    with stopped(12):
        made = tmp_path / "run"
        make(made)
    before = (made / "journal.jsonl").read_text()
    found = list(re.finditer(r'"score": ?([0-9.]+)', before))
    assert found
    near = re.sub(r'("score": ?)([0-9.]+)', lambda m: m[1] + repr(float(m[2]) + 1e-6), before)
    (made / "journal.jsonl").write_text(near)
    resume(made, lambda _: None)
    assert (made / "journal.jsonl").read_text().startswith(near)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_nobody_names_goes_on_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds, predicted by boosted trees, and a third round that was begun; the clock is planted, for none repeats."""
    record = Recorder.result

    def planted(self: Recorder, asked: Asked, answer: Answer) -> None:
        took = by_operations(cell_of(self.bench.valp(answer.result.candidate)))[1]
        timed = replace(answer.result, seconds={**answer.result.seconds, "training": took})
        record(self, asked, replace(answer, result=timed))

    monkeypatch.setattr(Recorder, "result", planted)
    cells = {key: value for key, value in CELLS.items() if key != "costs"} | {"blocks": 3, "children": 4}
    whole = make(tmp_path / "whole", cell_search=cells)
    used = whole.config.cell_search
    assert (used.costs, used.score_predictor, used.cost_predictor) == (("seconds",), "lstm", "gradient-boosting")
    third = [event for event in events(whole.path) if event["event"] == "proposed" and event.get("round") == 3]
    assert third
    with stopped(third[-1]["candidate"]):
        make(tmp_path / "run", cell_search=cells)
    resume(tmp_path / "run", lambda _: None)
    assert contents(tmp_path / "run") == contents(whole.path)


def test_the_run_file_says_everything(whole: Run) -> None:
    written = tomllib.loads((whole.path / "run.toml").read_text())
    rows = 36  # of 60 train
    assert (written["algorithm"], written["learning_rate"], written["weight_decay"]) == ("adamw", 0.01, 0.05)
    assert (written["schedule"], written["select"], written["warm_up"]) == ("cosine-restarts", "best-epoch", True)
    assert (written["batch_size"], written["initial_batches"]) == (rows, 1)
    assert written["cell_search"]["operations"] == ["identity", "3x3 conv"]
    again = read_run_file(whole.path / "run.toml")
    assert with_proxy_settings(again, images(), rows) == again


def test_what_was_given_stays_and_the_rest_is_filled_in() -> None:
    given = {"problem": "p", "search": "popnas-v1", "learning_rate": 0.1, "batch_size": 7, "cell_search": {"epochs": 2}}
    config = with_proxy_settings(config_from(given), images(), 36)
    assert (config.learning_rate, config.batch_size, config.initial_batches) == (0.1, 7, 10)
    assert (config.cell_search.cost_predictor, config.cell_search.score_predictor) == ("nnls", "lstm-plain")
    assert len(config.cell_search.operations) == 12
    asked = {**given, "cell_search": {"cost_predictor": "ridge", "costs": ["latency"]}}
    config = with_proxy_settings(config_from(asked), images(), 36)
    assert (config.cell_search.cost_predictor, config.objectives) == ("ridge", ("latency",))
    with pytest.raises(ConfigError, match=r"initial_batches: expected that or cell_search\.epochs, got 9 and 2"):
        with_proxy_settings(config_from({**given, "initial_batches": 9}), images(), 36)


def test_other_epochs_of_a_run_that_was_made_are_other_batches(whole: Run) -> None:
    again = read_run_file(whole.path / "run.toml", {"cell_search": {"epochs": 3}})
    assert with_proxy_settings(again, images(), 36).initial_batches == 3


def test_the_journal_says_what_was_expected_and_why(whole: Run) -> None:
    proposed = [event for event in events(whole.path) if event["event"] == "proposed"]
    assert all(event["reason"] for event in proposed)
    if whole.config.search == "popnas":
        assert "round" not in proposed[0]
        assert all("estimates" not in event for event in proposed[:11])
        assert all(set(event["estimates"]) == {"score", "parameters"} for event in proposed[11:])
        assert whole.history()[1]["reason"] == "one block"
    assert json.loads(json.dumps(whole.summary()))["unit"] == whole.config.search.replace("popnas", "blocks").replace(
        "cell-evolution", "networks"
    )


def test_only_weights_of_the_front_are_kept(whole: Run) -> None:
    kept = {int(file.stem) for file in (whole.path / "weights").glob("*.safetensors")}
    assert kept == {member.candidate for member in whole.front}


def test_latency_is_measured_and_predicted(tmp_path: Path) -> None:
    cells = {**CELLS, "costs": ["latency", "seconds"], "blocks": 2, "children": 2}
    run = make(tmp_path / "run", cell_search=cells)
    last = [event for event in events(run.path) if event["event"] == "proposed"][-1]
    assert set(last["estimates"]) == {"score", "latency", "seconds"}
    assert set(run.front[0].validation) == {"side", "latency"}
    assert not [note for note in run.summary()["notes"] if "not exclusive" in note]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_several_workers_make_the_same_run_and_say_so(tmp_path: Path, whole: Run) -> None:
    made = make(tmp_path / "run", whole.config.search, executor="processes", workers=2)
    assert contents(made.path) == contents(whole.path)
    timed = {**CELLS, "costs": ["seconds"], "blocks": 1, "times_side_by_side": True}
    noted = make(tmp_path / "timed", cell_search=timed, executor="processes", workers=2).summary()["notes"]
    assert any("not exclusive" in note for note in noted)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_killed_twice_is_the_run_that_was_not(tmp_path: Path) -> None:
    """Really killed, in either round, and really resumed."""
    text = 'problem = "digits-class"\nsearch = "popnas"\nseed = 3\ndevice = "cpu"\nreport = false\n[cell_search]\n'
    text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in CELLS.items())
    (tmp_path / "cells.toml").write_text(text)
    whole = design(
        "digits-class", out=str(tmp_path / "whole"), device="cpu", seed=3, report=False, **SEARCHES["popnas"]
    )
    path, rng = tmp_path / "killed", np.random.default_rng(0)
    command = ["run", str(tmp_path / "cells.toml"), "--out", str(path)]
    assert killed(command, path, 15, float(rng.uniform(0, 0.02)))
    killed(["resume", str(path)], path, len(events(whole.path)) - 8, float(rng.uniform(0, 0.02)))
    subprocess.run([*PROGRAM, "resume", str(path), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    assert contents(path) == contents(whole.path)


REFUSED = {
    "several inputs": (["digits", "--search", "popnas"], "expected a problem of one image or series and one class"),
    "an operation for series": (
        ["digits-class", "--search", "popnas", "--cell-operations", "gru"],
        "expected an operation for images, got 'gru'",
    ),
    "an operation": (["digits-class", "--search", "pnas", "--cell-operations", "3x3 conf"], "got '3x3 conf'"),
    "too many motifs": (["digits-class", "--search", "popnas", "--motifs", "9"], "use fewer motifs"),
    "blocks": (["digits-class", "--search", "popnas", "--blocks", "0"], "cell_search.blocks: expected a number from 1"),
    "what it ignores": (
        ["digits-class", "--search", "pnas", "--exploration", "3"],
        "cell_search.exploration: expected",
    ),
    "another search": (["digits-class", "--blocks", "3"], "cell_search: expected a search that takes it (popnas"),
    "a rate to be found": (
        ["digits-class", "--search", "popnas", "--learning-rate", "0"],
        "learning_rate: expected a p",
    ),
    "nothing to draw": (["digits-class", "--search", "cell-random"], "cell_search.networks: expected at least 1"),
    "times that are not exclusive": (
        ["digits-class", "--search", "popnas", "--executor", "processes"],
        "cell_search.costs: expected no measured times where candidates are trained side by side, got seconds",
    ),
    "asynchronous": (["digits-class", "--search", "popnas", "--asynchronous"], "asynchronous: expected a search that"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_searched_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    words, message = REFUSED[name]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of whatever class, it is one of ours
        CliRunner().invoke(app, ["run", *words, "--out", str(tmp_path / "run")], catch_exceptions=False)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_flag_goes_before_the_file_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('problem = "digits-class"\nsearch = "popnas"\n[cell_search]\nblocks = 3\n')
    config = read_run_file(tmp_path / "run.toml", {"cell_search": {"children": 5}})
    assert (config.cell_search.blocks, config.cell_search.children) == (3, 5)
