"""compare for real: a tiny comparison on digits, killed, gone on with, appended to; and the command line's errors."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.test_cli import Done, valpnas
from valpnas.experiments.points import read_points
from valpnas.store.lock import locked
from valpnas.store.run_directory import RunDirectory

TINY = ("--pairs", "2", "--steps", "2", "--initial-batches", "12", "--batches-per-step", "6", "--batch-size", "50")
ARMS = """
format = "valpnas-compare/1"
[arms.random]
chooser = "random"
start = "random"
[arms.wide]
start = "wide"
start_parameters = "winner"
chooser = "train-only"
"""
SAME = ("seconds",)  # what two runs of the same work do not share


def compare(folder: Path, *words: str | Path) -> Done:
    (folder / "arms.toml").write_text(ARMS)
    return valpnas("compare", "digits", "--arms", "arms.toml", *TINY, "--workers", "2", *words, folder=folder)


def results(csv: Path) -> list[dict[str, Any]]:
    """Every point of a record, but for the time it took."""
    return [vars(replace(point, seconds=0.0)) for point in read_points(csv.with_name(f"{csv.stem}-points.csv"))]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the comparison was made without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    done = compare(folder, "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    (folder / "printed.json").write_text(done.stdout)
    return folder


def test_it_prints_json_alone_on_stdout(whole: Path) -> None:
    printed = json.loads((whole / "printed.json").read_text())
    assert printed["pairs"] == [0, 1]
    assert [c["checkpoint"]["kind"] for c in printed["checkpoints"]] == ["step", "second", "second", "second"]
    last = printed["checkpoints"][0]
    assert [result["arm"] for result in last["arms"]] == ["random", "wide"]
    assert {duel["part"] for duel in last["comparisons"]} >= {"validation"}
    assert any("nothing here can be significant" in note for note in printed["notes"])


def test_runs_are_ordinary_and_pairs_share_their_start(whole: Path) -> None:
    runs = {path.name: RunDirectory(path) for path in (whole / "out" / "runs").iterdir()}
    assert sorted(runs) == ["random-0", "random-1", "wide-0", "wide-1"]
    assert "random-0  digits" in valpnas("list", "out/runs", folder=whole).stdout.replace("out/runs/", "")
    starts = [run.journal.events[0]["graph"] for name, run in runs.items() if name.startswith("random")]
    assert len(set(starts)) == 2
    wide = {event["parameters"] for name in ("wide-0", "wide-1") for event in runs[name].journal.of("trained")}
    winner = json.loads((whole / "out" / "results.json").read_text())["winner"]
    assert winner["arm"] == "random"
    assert wide.pop() == pytest.approx(winner["parameters"], rel=0.05)
    assert not wide


def test_the_same_command_again_repeats_nothing(whole: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (whole / "out" / "runs").rglob("journal.jsonl")}
    done = compare(whole, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "step 2: the comparisons" in done.stdout
    assert "page: out/comparison.html" in done.stdout


@pytest.mark.slow
def test_a_killed_comparison_goes_on_to_the_same_end(whole: Path, tmp_path: Path) -> None:
    """Killed in the middle of a run, and then once more: what is reported is what an unkilled one reports."""
    for runs_done in (1, 3):
        _kill_when(tmp_path, lambda count=runs_done: _trained(tmp_path) > 3 * count)
    done = compare(tmp_path, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "out" / "results.csv") == results(whole / "out" / "results.csv")


def _kill_when(folder: Path, ready: Callable[[], bool]) -> None:
    (folder / "arms.toml").write_text(ARMS)
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    words = ["compare", "digits", "--arms", "arms.toml", *TINY, "--workers", "1", "--out", "out", "--quiet"]
    command = [sys.executable, "-P", "-c", "from valpnas.cli import main; main()", *words]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 180
    while not ready() and process.poll() is None:
        assert time.monotonic() < deadline, "the comparison did not get so far"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1.0)  # its worker needs an instant to notice


def _trained(folder: Path) -> int:
    return sum(path.read_text().count('"trained"') for path in (folder / "out" / "runs").rglob("journal.jsonl"))


@pytest.mark.slow
def test_a_record_grows_over_sittings(whole: Path, tmp_path: Path) -> None:
    first = compare(tmp_path, "--pairs", "1", "--out", "one", "--append", "all.csv", "--quiet")
    assert first.returncode == 0, first.stderr
    second = compare(tmp_path, "--out", "two", "--append", "all.csv", "--quiet")
    assert second.returncode == 0, second.stderr
    assert sorted(path.name for path in (tmp_path / "two" / "runs").iterdir()) == ["random-1", "wide-1"]
    by_arm = [point for point in results(tmp_path / "all.csv") if point["arm"] == "random"]
    assert by_arm == [point for point in results(whole / "out" / "results.csv") if point["arm"] == "random"]
    refused = compare(tmp_path, "--out", "three", "--append", "all.csv", "--steps", "3")
    assert refused.returncode == 2
    assert "expected arms.random.steps = 2 as in the figures that are there, got 3" in refused.stderr
    assert not (tmp_path / "three").exists()


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no arms": (("digits",), "expected at least two arms"),
    "one arm": (("digits", "--choosers", "random"), "expected at least two arms"),
    "an unknown chooser": (("digits", "--choosers", "random,guidid"), "unknown chooser 'guidid': did you mean guided"),
    "a search": (
        ("digits-class", "--choosers", "popnas"),
        "a search; compare searches by a file whose table [arms.popnas]",
    ),
    "an unknown problem": (("digitz", "--choosers", "random,guided"), "unknown problem or compare file 'digitz'"),
    "no such file": (("none.toml", "--choosers", "random,guided"), "none.toml: expected a run file"),
    "no such arms": (("digits", "--arms", "none.toml"), "none.toml: expected a run file"),
    "arms of a problem": (("digits", "--arms", "abalone"), "--arms: expected a compare file, got 'abalone'"),
    "a selection, for arms that ship": (
        ("digits", "--arms", "choosers-small", "--select", "worst"),
        "unknown selection 'worst'",
    ),
    "arms twice": (("digits", "--arms", "arms.toml", "--choosers", "random,guided"), "got both"),
    "words for rates": (
        ("digits", "--choosers", "random,guided", "--tune-rates", "a,b"),
        "--tune-rates: expected numbers",
    ),
    "no workers": (("digits", "--choosers", "random,guided", "--workers", "0"), "--workers: expected at least 1"),
    "an unknown rule": (
        ("digits", "--choosers", "random,guided", "--accept", "some"),
        "unknown acceptance rule 'some'",
    ),
    "no room": (("digits", "--choosers", "random,hand-made", "--start-parameters", "9"), "start_parameters: expected"),
    "a CSV of something else": (
        ("digits", "--choosers", "random,guided", "--append", "mine.csv"),
        "expected mine.json",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_makes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "arms.toml").write_text(ARMS)
    (tmp_path / "mine.csv").write_text("a,b\n")
    words, message = BAD[name]
    done = valpnas("compare", *words, "--out", "out", "--quiet", folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arms.toml", "mine.csv"]


def test_a_comparison_without_any_model_is_recorded_and_refused(tmp_path: Path) -> None:
    words = ("digits", "--choosers", "random,train-only", *TINY, "--learning-rate", "1e25", "--workers", "1")
    for _ in range(2):  # the second time from the record
        done = valpnas("compare", *words, "--out", "out", "--quiet", folder=tmp_path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "no run of 2 pairs has one: expected a start that can be trained" in done.stderr
    assert json.loads((tmp_path / "out" / "results.json").read_text())["pairs"] == [0, 1]


def test_a_record_in_use_is_refused(tmp_path: Path, whole: Path) -> None:
    shutil.copytree(whole / "out", tmp_path / "out")
    before = (tmp_path / "out" / "results.json").read_bytes()
    with closing(locked(tmp_path / "out" / ".results.lock", "record")):
        done = compare(tmp_path, "--out", "out", "--quiet")
    assert done.returncode == 2
    assert "expected to be alone, but another process is writing this record" in done.stderr
    assert (tmp_path / "out" / "results.json").read_bytes() == before


def test_check_knows_compare_files(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(ARMS.replace("[arms.random]", 'problem = "digits"\n[arms.random]'))
    (tmp_path / "bad.toml").write_text(ARMS.replace("[arms.random]", 'problem = "digits"\npears = 3\n[arms.random]'))
    assert "good.toml: a valid compare file" in valpnas("check", "good.toml", folder=tmp_path).stdout
    bad = valpnas("check", "bad.toml", folder=tmp_path)
    assert (bad.returncode, "did you mean pairs" in bad.stderr) == (2, True)
