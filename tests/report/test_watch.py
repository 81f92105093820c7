"""Watching a run: what a frame holds, what is drawn, when it ends, and a real run watched by a real process."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.store.small_runs import make, spread_front
from tests.test_cli import valpnas
from valpnas.opened_run import Run
from valpnas.report.watch_terminal import drawn, watch
from valpnas.report.watching import Frame, frame
from valpnas.store.lock import locked

PROGRAM = [sys.executable, "-P", "-c", "from valpnas.cli import main; main()"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that has ended."""
    return make(tmp_path_factory.mktemp("watch") / "run", chooser="guided")


def until(run: Run, path: Path, kind: str, number: int) -> Path:
    """Copy a run as it was when the ``number``-th event of a kind had been written."""
    shutil.copytree(run.path, path)
    lines = (run.path / "journal.jsonl").read_text().splitlines(keepends=True)
    at = [i for i, line in enumerate(lines) if f'"event": "{kind}"' in line][number - 1]
    (path / "journal.jsonl").write_text("".join(lines[: at + 1]))
    return path


def text_of(seen: Frame, now: float | None = None) -> str:
    """Return a frame as a terminal of 100 columns shows it."""
    console = Console(file=io.StringIO(), width=100)
    console.print(drawn(seen, now))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_notes_of_the_problem_stand_under_the_front(run: Run) -> None:
    seen = frame(run.path)
    assert "note:" not in text_of(seen)
    assert "note: lossy images" in text_of(replace(seen, summary={**seen.summary, "notes": ["lossy images"]}))


def test_a_run_that_has_ended_is_shown_whole(run: Run) -> None:
    seen = frame(run.path)
    assert seen.ended
    assert seen.now is None
    assert seen.seconds_left() == 0
    assert seen.summary["front"]
    text = text_of(seen)
    assert "step 3 of 3" in text
    assert "ended" in text
    assert "front of" in text


def test_a_run_at_work_says_what_it_does_and_how_long_it_takes(run: Run, tmp_path: Path) -> None:
    seen = frame(until(run, tmp_path / "run", "proposed", 3))
    assert not seen.ended
    assert seen.summary["steps"] == 1
    events = Run(tmp_path / "run")._directory.journal.events
    start = sum(events[1]["seconds"].values())
    spent = sum(sum(event.get("seconds", {}).values()) for event in events)
    assert seen.seconds == pytest.approx(2 * (spent - start))
    assert seen.seconds_left(seen.told) == pytest.approx(seen.seconds)
    assert seen.seconds_left(seen.told + 1e6) == pytest.approx(seen.seconds / 2), "the last step is still to be done"
    text = text_of(seen, seen.told + 5)
    reason = next(row["reason"] for row in run.history() if row["candidate"] == 1)
    for words in ("step 1 of 3", "left (estimated)", "training candidate 2", "last news 5 s ago", reason.split()[0]):
        assert words in text
    assert "valpnas resume" in text_of(seen, seen.told + 200), "it may have been killed"


@pytest.mark.parametrize(("kind", "words"), [("proposed", "not known yet"), ("trained", "left (estimated)")])
def test_a_run_that_has_just_begun(run: Run, tmp_path: Path, kind: str, words: str) -> None:
    seen = frame(until(run, tmp_path / "run", kind, 1))
    assert words in text_of(seen)


def test_a_run_without_a_line_yet(run: Run, tmp_path: Path) -> None:
    path = until(run, tmp_path / "run", "proposed", 1)
    (path / "journal.jsonl").unlink()
    for file in (path / "weights").iterdir():
        file.unlink()
    assert "step 0 of 3" in text_of(frame(path))


def test_watching_ends_with_the_run_and_reads_it_only_when_there_is_news(run: Run, tmp_path: Path) -> None:
    path, waits = until(run, tmp_path / "run", "proposed", 2), []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            time.sleep(0.02)  # so that the file's time differs
            shutil.copy(run.path / "journal.jsonl", path / "journal.jsonl")

    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    before = {str(file) for file in path.rglob("*")}
    with locked(path / "lock"):
        watch(path, console, sleep=sleep)
    assert waits == [1.0, 1.0, 1.0]
    assert "step 3 of 3" in console.file.getvalue()  # type: ignore[attr-defined]
    assert {str(file) for file in path.rglob("*")} == before


def test_watching_ends_when_no_process_is_at_work(run: Run, tmp_path: Path) -> None:
    """A run that was interrupted or killed leaves no word of it, but its lock is free."""
    path, waits = until(run, tmp_path / "run", "proposed", 2), []
    console = Console(file=io.StringIO(), width=100)
    with locked(path / "lock") as lock:
        watch(path, console, sleep=lambda seconds: lock.close() if len(waits) == 5 else waits.append(seconds))
    assert len(waits) == 5
    assert "step 0 of 3" in console.file.getvalue()  # type: ignore[attr-defined]
    assert "stopped: no process is at work" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_long_front_is_cut_to_the_models_with_the_lowest_mean_log_objective(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "run")
    trained = spread_front(tmp_path / "run")
    cut = frame(tmp_path / "run", last=1, most=2)
    assert [member["candidate"] for member in cut.summary["front"]] == trained[-2:], "by number, as `show` has it"
    assert cut.hidden == len(trained) - 2
    assert len(cut.latest) == 1
    assert f"and {cut.hidden} more on the front" in text_of(cut)


def test_once_prints_a_single_view_of_a_run_that_goes_on(run: Run, tmp_path: Path) -> None:
    until(run, tmp_path / "run", "proposed", 2)
    done = valpnas("watch", "run", "--once", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("of 3") == 1
    ended = valpnas("watch", run.path, folder=tmp_path)
    assert ended.returncode == 0
    assert "ended" in ended.stdout


def test_without_a_terminal_it_is_as_wide_as_show(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # a test runner may set it
    shown, watched = (valpnas(*words, run.path, folder=run.path.parent) for words in (["show"], ["watch", "--once"]))
    front = [[line for line in done.stdout.splitlines() if "parameters" in line] for done in (shown, watched)]
    assert front[0] == front[1] != []
    rows = [line for line in watched.stdout.splitlines() if line.startswith("│") and "candidate" not in line]
    assert max(map(len, watched.stdout.splitlines())) > 80
    assert rows


def test_no_run_is_one_line_and_code_2(tmp_path: Path) -> None:
    done = valpnas("watch", "nowhere", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "expected a run directory" in done.stderr


def test_ctrl_c_ends_watching_without_complaint(run: Run, tmp_path: Path) -> None:
    until(run, tmp_path / "run", "proposed", 2)
    as_terminal = {**os.environ, "FORCE_COLOR": "1", "PYTHONUNBUFFERED": "1"}  # so that it draws before its end
    # Tests that run in the background of a shell inherit that the interrupt is ignored.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    words, pipe = [*PROGRAM[:-1], heard + PROGRAM[-1], "watch", "run"], subprocess.PIPE
    with (
        locked(tmp_path / "run" / "lock"),
        subprocess.Popen(words, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True, env=as_terminal) as process,
    ):
        assert process.stdout is not None
        assert any("0 of 3" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 0
    assert complaint == ""


@pytest.mark.slow
def test_a_real_run_is_watched_from_another_process(tmp_path: Path) -> None:
    words = ["digits", "--steps", "6", "--initial-batches", "200", "--batches-per-step", "200", "--no-report"]
    search = subprocess.Popen(
        [*PROGRAM, "run", *words, "--out", "run", "--quiet"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    while search.poll() is None and not (tmp_path / "run" / "run.toml").exists():
        time.sleep(0.01)
    watching = subprocess.run([*PROGRAM, "watch", "run"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    search.communicate(timeout=300)
    assert search.returncode == 0
    assert watching.returncode == 0, watching.stderr
    assert "step 6 of 6" in watching.stdout
    assert "ended" in watching.stdout
