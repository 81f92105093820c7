"""Going on with a run: what stays, what may change, and who may write."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from valpnas.errors import ConfigError, StoreError
from valpnas.opened_run import Run
from valpnas.report.listing import list_runs
from valpnas.resuming import resume
from valpnas.run_files import read_run_file
from valpnas.store.run_directory import RunDirectory
from valpnas.testing.runs import contents, events

from .disk_images import images_of
from .small_runs import go_on, make, make_or_go_on, weight_files

CHOOSERS = ("guided", "random", "train-only")


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ended") / "run"
    make(path)
    return path


def everything(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_resuming_an_ended_run_changes_nothing(ended: Path) -> None:
    before = everything(ended)
    for steps in (None, 3):
        go_on(ended, steps)
        assert everything(ended) == before


def test_more_steps_leave_what_was_as_it_was(ended: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(ended, tmp_path / "run"))
    go_on(path, steps=5)
    told, before = events(path), events(ended)
    assert told[: len(before) + 1] == [*before, {"event": "budget", "steps": 5}]
    assert Run(path).summary()["steps"] == read_run_file(path / "run.toml").steps == 5
    archive = {event["candidate"] for event in told if event["event"] == "trained"}
    assert {member.candidate for member in Run(path).front} <= archive


def test_the_wall_time_of_a_run_goes_on_in_its_next_sitting(ended: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(ended, tmp_path / "run"))
    go_on(path, steps=5)
    times = [event["elapsed"] for event in RunDirectory(path).journal.of("trained")]
    assert times == sorted(times)
    before = RunDirectory(ended).journal.of("trained")
    assert times[len(before)] > times[len(before) - 1] > 0
    assert sum(before[-1]["seconds"].values()) <= times[len(before) - 1]


@pytest.mark.parametrize("chooser", CHOOSERS)
def test_under_a_constant_rate_raising_the_budget_is_having_had_it(tmp_path: Path, chooser: str) -> None:
    """But for the raise itself, and for the share of the longer run that each job is told to be."""
    settings: dict[str, Any] = {"chooser": chooser, "schedule": "constant", "accept": "majority"}
    make(tmp_path / "raised", **{**settings, "steps": 2})
    go_on(tmp_path / "raised", steps=4)
    make(tmp_path / "at once", **{**settings, "steps": 4})
    assert essence(tmp_path / "raised") == essence(tmp_path / "at once")
    for name in ("test_objectives.jsonl",):
        assert (tmp_path / "raised" / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()
    assert weight_files(tmp_path / "raised") == weight_files(tmp_path / "at once")


def essence(path: Path) -> list[dict[str, Any]]:
    kept = [event for event in events(path) if event["event"] not in {"budget", "ended"}]
    return [{key: value for key, value in event.items() if key != "protocol"} for event in kept]


def test_a_run_from_before_the_engines_goes_on_with_the_plain_one(tmp_path: Path) -> None:
    """Bit for bit as if it had said so; a new run is trained by the compiled engine."""
    for name in ("said", "unsaid"):
        make(tmp_path / name, engine="plain", steps=1)
    file = tmp_path / "unsaid" / "run.toml"
    assert 'engine = "plain"\n' in file.read_text()
    file.write_text(file.read_text().replace('engine = "plain"\n', ""))
    assert Run(tmp_path / "unsaid").summary()["engine"] == "plain"
    for name in ("said", "unsaid"):
        go_on(tmp_path / name, steps=3)
    assert contents(tmp_path / "unsaid") == contents(tmp_path / "said")
    new = make(tmp_path / "new", steps=1)
    assert (new.config.engine, new.summary()["engine"]) == ("compiled", "compiled")


def test_several_jobs_at_a_time_on_a_cpu_are_said_to_be_one(tmp_path: Path) -> None:
    told: list[str] = []
    make(tmp_path / "run", steps=1, jobs_per_gpu=3, say=told.append)
    assert "jobs_per_gpu is 3, but this run is on a CPU: one job after the other" in told


def test_a_budget_cannot_be_lowered(ended: Path) -> None:
    before = everything(ended)
    with pytest.raises(ConfigError, match="steps: expected at least the 3 the run already has, got 2"):
        go_on(ended, steps=2)
    assert everything(ended) == before


def test_a_quiet_resume_does_not_silence_the_run_for_ever(tmp_path: Path) -> None:
    make(tmp_path / "run", steps=1, quiet=False)
    resume(tmp_path / "run", lambda _: None, steps=2, quiet=True)
    assert read_run_file(tmp_path / "run" / "run.toml").quiet is False


def test_a_raised_budget_is_announced_before_it_is_adopted(tmp_path: Path) -> None:
    """Were the run file first, a kill in between would leave proposals of the old budget that nobody voided."""
    path = tmp_path / "run"
    make(path)
    for image in images_of(lambda: go_on(path, steps=4), path, tmp_path):
        planned = read_run_file(image / "run.toml").steps
        announced = RunDirectory(image).journal.of("budget")
        assert planned == 3 or announced, image.name


def test_a_run_may_be_moved(ended: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(ended, tmp_path / "elsewhere"))
    go_on(moved, steps=4)
    assert Run(moved).summary()["run"] == str(moved)
    assert [row["run"] for row in list_runs(tmp_path)] == [str(moved)]
    again = Path(shutil.move(moved, tmp_path / "there"))
    assert [row["run"] for row in list_runs(tmp_path)] == [str(again)]


@pytest.fixture
def locked(ended: Path, tmp_path: Path) -> Iterator[Path]:
    """A run that this process is writing."""
    path = Path(shutil.copytree(ended, tmp_path / "run"))
    directory = RunDirectory(path, writable=True)
    yield path
    directory.close()


def test_two_processes_cannot_write_one_run(locked: Path) -> None:
    """A real second process; reading is free meanwhile."""
    program = "from pathlib import Path; from valpnas.store.run_directory import RunDirectory as R; import sys"
    code = f"{program}\nR(Path(sys.argv[1])); print('read'); R(Path(sys.argv[1]), writable=True)"
    done = subprocess.run(
        [sys.executable, "-c", code, locked], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "read\n"
    assert "expected to be alone, but another process is writing this run; wait for it or stop it" in done.stderr
    assert done.returncode != 0


def test_a_run_in_use_can_be_read_and_not_resumed(locked: Path) -> None:
    assert Run(locked).summary()["ended"]
    with pytest.raises(StoreError, match="another process is writing this run"):
        go_on(locked)


def test_two_processes_cannot_make_one_run(tmp_path: Path) -> None:
    """The second must not even touch what the first has written so far."""
    path = tmp_path / "run"

    def theirs(folder: Path) -> None:
        (folder / "problem.json").write_text("theirs")

    def save(folder: Path) -> None:
        (folder / "problem.json").write_text("mine")
        with pytest.raises(StoreError, match="another process is writing this run"):
            RunDirectory.create(path, "theirs", theirs)

    RunDirectory.create(path, "mine", save).close()
    assert (path / "problem.json").read_text() == (path / "run.toml").read_text() == "mine"


@pytest.mark.parametrize("foreign", ["run.toml", "thesis.tex", "journal.jsonl"])
def test_a_folder_in_use_is_left_alone(tmp_path: Path, foreign: str) -> None:
    (tmp_path / foreign).write_text("precious")
    with pytest.raises(StoreError, match=f"expected a new or empty folder for a run, found '{foreign}'"):
        make(tmp_path)
    assert everything(tmp_path) == {foreign: b"precious"}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("precious")
    with pytest.raises(StoreError, match="expected a new or empty folder"):
        make(tmp_path / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="a superuser may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot create"):
        make(tmp_path / "run")


@pytest.mark.parametrize("chooser", CHOOSERS)
def test_disk_use_is_bounded_by_the_front_and_the_current_model(tmp_path: Path, chooser: str) -> None:
    """At every instant: they, the candidate just trained, and one file being written."""
    path = tmp_path / "run"
    images = images_of(lambda: make(path, chooser=chooser, accept="majority", steps=5), path, tmp_path)
    for image in images:
        front = len(Run(image).front) if (image / "run.toml").exists() else 0
        assert len(weight_files(image) if (image / "weights").exists() else ()) <= front + 3, image.name
    kept = {f"{member.candidate:05d}.safetensors" for member in Run(path).front}
    current = max(event["candidate"] for event in events(path) if event["event"] == "accepted")
    assert kept <= weight_files(path) <= kept | {f"{current:05d}.safetensors"}


def test_every_part_of_the_problem_comes_back_from_the_run(ended: Path) -> None:
    again = Run(ended).problem
    assert again.in_memory
    assert contents(ended)["problem.json"]
    assert {vertex.name for vertex in again.inputs} == {"x", "y"}
    assert Run(ended).prepared.fingerprint


def test_a_kill_leaves_no_trace_where_an_output_got_back_what_it_had(tmp_path: Path) -> None:
    """The donor's weights are there when they are asked for again, and so is all that spoke for it."""
    path = tmp_path / "run"
    again = partial(make_or_go_on, chooser="by-gap", steps=8, seed=1, final_decay=0.3)
    images = images_of(partial(again, path), path, tmp_path)
    whole = contents(path)
    given = [
        event["candidate"] for event in events(path) if (event.get("proposal") or {}).get("variant") == "take_back"
    ]
    assert given == [8]
    for image in [*images[::15], *images[-6:]]:
        again(image)
        assert contents(image) == whole, image


def test_a_run_that_had_ended_says_so_and_stays_as_it_is(tmp_path: Path) -> None:
    made, said = make(tmp_path / "run", steps=1), list[str]()
    before = contents(made.path)
    resume(made.path, said.append, quiet=True)
    assert any(
        line.endswith("run had ended, and nothing was left to do: with more --steps it goes on") for line in said
    )
    assert contents(made.path) == before
