"""Whole runs: wherever and by however many the candidates are trained, the run is the same; what is killed goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.store.small_runs import make
from valpnas.errors import ConfigError
from valpnas.resuming import resume
from valpnas.store.run_directory import RunDirectory
from valpnas.testing.runs import contents

PROGRAM = [sys.executable, "-P", "-c", "from valpnas.cli import main; main()"]
SETTINGS: dict[str, Any] = {"search": "nsga2", "population": 6, "generations": 0, "batches_per_step": 30}
GENERATIONS = 2  # the budget is raised to this
CANDIDATES = 18  # ... with which there are so many

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]
STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    """End what a test that failed has left running."""
    yield
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The run as it is when nothing runs beside anything and nobody is killed."""
    path = tmp_path_factory.mktemp("whole") / "run"
    make(path, **SETTINGS)
    go_on(path, GENERATIONS)
    return contents(path)


def go_on(path: Path, generations: int | None = None) -> None:
    resume(path, lambda _: None, generations=generations)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def begin(*words: str) -> subprocess.Popen[bytes]:
    STARTED.append(subprocess.Popen([*PROGRAM, *words, "--quiet"], env=environment(), stdout=subprocess.DEVNULL))
    return STARTED[-1]


def trained(path: Path) -> int:
    """Count the results that the journal has."""
    file = path / "journal.jsonl"
    return file.read_bytes().count(b'"event": "trained"') if file.exists() else 0


def wait_for(path: Path, results: int, *processes: subprocess.Popen[bytes]) -> None:
    """Wait until the journal has so many results."""
    deadline = time.monotonic() + 400
    while trained(path) < results:
        assert time.monotonic() < deadline, "the run stands still"
        assert all(process.poll() in (None, 0) for process in processes)
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    """The processes that ``pid`` has started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


@pytest.mark.parametrize(
    ("executor", "workers"), [("processes", 2), ("shared", 1), pytest.param("ray", 2, marks=pytest.mark.ray)]
)
def test_the_executor_does_not_matter(
    executor: str, workers: int, tmp_path: Path, whole: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    if executor == "ray":
        request.getfixturevalue("_ray")
    make(tmp_path / "run", executor=executor, workers=workers, **SETTINGS)
    go_on(tmp_path / "run", GENERATIONS)
    assert contents(tmp_path / "run") == whole


def test_a_killed_parent_takes_its_workers_with_it_and_the_run_goes_on(tmp_path: Path, whole: dict[str, Any]) -> None:
    path = tmp_path / "run"
    make(path, **SETTINGS)
    parent = begin("resume", str(path), "--generations", str(GENERATIONS), "--executor", "processes", "--workers", "2")
    wait_for(path, 9, parent)
    workers = children(parent.pid)
    parent.kill()
    parent.wait()
    assert len(workers) == 2
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers):
        assert time.monotonic() < deadline, "workers outlived their parent"
        time.sleep(0.05)
    recorded = (path / "journal.jsonl").read_bytes()
    go_on(path)
    assert (path / "journal.jsonl").read_bytes().startswith(recorded[: recorded.rindex(b"\n")])
    assert contents(path) == whole


def test_ctrl_c_ends_the_workers(tmp_path: Path) -> None:
    path = tmp_path / "run"
    make(path, **SETTINGS)
    parent = begin("resume", str(path), "--generations", "2000", "--executor", "processes", "--workers", "1")
    wait_for(path, 8, parent)
    workers = children(parent.pid)
    parent.send_signal(signal.SIGINT)
    assert parent.wait() == 130
    assert workers
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_asynchronous_runs_tell_each_result_and_resume_as_they_were_told(tmp_path: Path) -> None:
    """Killed after every few results, with jobs out: nothing is told twice, and what was told stays as it was."""
    path = tmp_path / "run"
    make(path, asynchronous=True, executor="shared", workers=3, **SETTINGS)
    for results in (9, 14):
        before = (path / "journal.jsonl").read_bytes()
        process = begin(
            "resume", str(path), "--generations", str(GENERATIONS), "--executor", "shared", "--workers", "3"
        )
        wait_for(path, results, process)
        process.kill()
        process.wait()
        assert (path / "journal.jsonl").read_bytes().startswith(before)
    go_on(path)
    events = [json.loads(line) for line in (path / "journal.jsonl").read_text().splitlines()]
    answered = Counter(event["candidate"] for event in events if event["event"] in {"trained", "failed"})
    assert set(answered.values()) == {1}
    assert Counter(e["candidate"] for e in events if e["event"] in {"accepted", "rejected"}) == answered
    assert answered.total() == CANDIDATES
    assert events[-1]["event"] == "ended"
    assert not (path / "jobs").exists()


def test_a_search_that_waits_is_not_asynchronous(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="asynchronous: expected a search that asks for more while candidates are"):
        make(tmp_path / "run", asynchronous=True)


def test_who_works_on_a_run_takes_over_when_the_one_in_charge_is_killed(tmp_path: Path, whole: dict[str, Any]) -> None:
    """Whether the other one was helping at that time or still on its way, the run is as one process makes it."""
    path = tmp_path / "run"
    make(path, **SETTINGS)
    RunDirectory(path).write_run_toml(
        (path / "run.toml").read_text().replace("generations = 0\n", f"generations = {GENERATIONS}\n")
    )
    with closing(RunDirectory(path, writable=True)) as directory:
        directory.record_budget(GENERATIONS)
    workers = {process.pid: process for process in (begin("work", str(path)) for _ in range(2))}
    wait_for(path, 9, *workers.values())
    in_charge = workers.pop(holder(path / "lock"))
    in_charge.kill()
    in_charge.wait()
    assert [other.wait() for other in workers.values()] == [0]
    assert contents(path) == whole


def holder(lock: Path) -> int:
    """The process that holds a lock."""
    held = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return next(int(words[4]) for words in held if words[5].endswith(f":{lock.stat().st_ino}"))
