"""Worker processes: they do what they are told, survive nothing they should not, and end with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer

import pytest

from tests.killing import kill_whole
from valpnas.config import RunConfig
from valpnas.config_tables import config_from
from valpnas.experiments.plan import Task
from valpnas.experiments.worker import perform
from valpnas.experiments.workers import Workers
from valpnas.store.run_directory import RunDirectory

TINY = {"problem": "digits", "chooser": "train-only", "initial_batches": 4, "batches_per_step": 2, "batch_size": 20}


def tiny(**keys: object) -> RunConfig:
    return config_from({**TINY, "steps": 1, "quiet": True, **keys})


def test_a_run_is_made_gone_on_with_and_left_alone(tmp_path: Path) -> None:
    assert perform(tmp_path / "run", tiny()) == {"state": "ended", "reason": ""}
    journal = tmp_path / "run" / "journal.jsonl"
    whole = journal.read_text()
    assert perform(tmp_path / "run", tiny())["state"] == "ended"
    assert journal.read_text() == whole
    journal.write_text(whole[: whole.index('{"event": "ended"')])
    assert perform(tmp_path / "run", tiny())["state"] == "ended"
    assert '"ended"' in journal.read_text()


def test_what_a_person_can_mend_is_refused_and_the_worker_goes_on(tmp_path: Path) -> None:
    refused = perform(tmp_path / "run", tiny(chooser="guidid"))
    assert refused["state"] == "refused"
    assert "did you mean guided" in refused["reason"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    assert perform(tmp_path / "full", tiny())["state"] == "refused"


def test_training_that_fails_from_every_start_is_a_result(tmp_path: Path) -> None:
    failed = perform(tmp_path / "run", tiny(learning_rate=1e30, algorithm="sgd"))
    assert failed["state"] == "no-model"
    assert "5 starts failed" in failed["reason"]


def test_a_fault_of_the_program_comes_back_with_its_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr("valpnas.run.start", broken)
    found = perform(tmp_path / "run", tiny())
    assert found["state"] == "broke"
    assert "ZeroDivisionError: by design" in found["reason"]


def tasks(folder: Path, count: int, **keys: object) -> list[Task]:
    return [Task("x", i, folder / str(i), tiny(seed=i, **keys)) for i in range(count)]


def test_two_processes_share_the_work_and_one_that_dies_is_replaced(tmp_path: Path) -> None:
    with Workers(2) as workers:
        first = list(workers.run(tasks(tmp_path, 3)))
        assert sorted(outcome.task.number for outcome in first) == [0, 1, 2]
        assert {outcome.state for outcome in first} == {"ended"}
        pids = workers.pool.pids
        assert len(pids) == 2
        for pid in pids:
            kill_whole(pid)
        assert [outcome.state for outcome in workers.run(tasks(tmp_path / "a", 1))] == ["ended"], (
            "nobody misses idle ones"
        )
        killer = Timer(5.0, lambda: [os.kill(pid, signal.SIGKILL) for pid in workers.pool.pids])
        killer.start()
        (broken,) = workers.run(tasks(tmp_path / "b", 1, steps=100_000))
        assert (broken.state, "SIGKILL" in broken.reason) == ("broke", True)
        assert [outcome.state for outcome in workers.run(tasks(tmp_path / "c", 1))] == ["ended"]
        pids = workers.pool.pids
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_leaving_ends_a_worker_in_the_middle_of_a_run(tmp_path: Path) -> None:
    long = tasks(tmp_path, 2, steps=100_000)
    began = time.monotonic()
    with Workers(1) as workers:
        assert next(workers.run([*tasks(tmp_path / "short", 1), *long])).state == "ended"
        pids = workers.pool.pids
    assert time.monotonic() - began < 60
    assert pids
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


PARENT = """
import sys
from pathlib import Path
from tests.experiments.test_workers import tasks
from valpnas.experiments.workers import Workers
with Workers(1) as workers:
    list(workers.run(tasks(Path(sys.argv[1]), 1, steps=100_000)))
"""


def test_a_worker_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """Else it would go on for hours, and lock the run against the resumed comparison."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    # The view of the package goes first, so that the parent finds the modules that this process runs.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, path])}
    parent = subprocess.Popen([sys.executable, "-P", "-c", PARENT, str(tmp_path)], env=environment)
    journal = tmp_path / "0" / "journal.jsonl"
    deadline = time.monotonic() + 120
    while not (journal.exists() and journal.read_text().count("trained") > 2):
        assert time.monotonic() < deadline, "the run did not begin"
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    time.sleep(1.0)
    length = journal.stat().st_size
    time.sleep(1.0)
    assert journal.stat().st_size == length
    assert perform(tmp_path / "0", tiny(steps=100_001))["state"] == "refused"  # other settings, and no lock in the way
    RunDirectory(tmp_path / "0", writable=True).close()
