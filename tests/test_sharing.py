"""Working on a run that somebody else may be in charge of: one that has ended is left as it is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.store.small_runs import make
from valpnas import sharing
from valpnas.errors import ExecutionError
from valpnas.store.lock import said_in
from valpnas.store.run_directory import RunDirectory


@pytest.mark.timeout(200)
def test_work_on_an_ended_run_reads_no_data_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run"
    before = make(path, steps=1).summary()
    monkeypatch.setattr(sharing, "resume", lambda *_, **__: pytest.fail("resumed"))
    assert sharing.work(path, pytest.fail).summary() == before


def test_a_helper_reads_the_data_once_however_often_it_is_too_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, turns = list[Path](), iter([True, True, False, True, True, False])

    class At:
        def __init__(self, path: Path) -> None:
            self.path = path

        def __call__(self) -> object:
            made.append(self.path)
            return object()

    monkeypatch.setattr(sharing, "WorkerAt", At)
    monkeypatch.setattr(sharing, "is_locked", lambda _: next(turns))
    monkeypatch.setattr(sharing, "check_shared", lambda _: None)
    monkeypatch.setattr(sharing, "do_one", lambda _, worker: worker is not None)
    monkeypatch.setattr(sharing.JobFolder, "waiting", lambda _: ["00000-ab"])
    helper = sharing._Helper(tmp_path, pytest.fail)
    helper.help()
    helper.help()
    assert made == [tmp_path]


def test_a_helper_says_what_it_trains_and_when_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(path := tmp_path / "run", steps=1, executor="shared")
    assert said_in(path / "lock") == "", "nobody is at work any more"
    said, turns = list[str](), iter([True] * 40 + [False])
    works = iter([True, True])
    job = SimpleNamespace(record=SimpleNamespace(candidate=7))
    monkeypatch.setattr(sharing, "is_locked", lambda _: next(turns))
    monkeypatch.setattr(sharing, "WorkerAt", lambda _: lambda: lambda _: [])
    monkeypatch.setattr(sharing, "do_one", lambda _, work: next(works, False) and work([job]) == [])
    monkeypatch.setattr(sharing.JobFolder, "waiting", lambda _: ["00007-ab"])
    monkeypatch.setattr(sharing, "PAUSE", 0.0)
    sharing._Helper(path, said.append).help()
    assert said == [
        f"{path}: training candidate 7",
        f"{path}: training candidate 7",
        f"{path}: waiting for work; another process is in charge",
    ]


def test_a_run_that_shares_no_work_is_refused_in_one_line(tmp_path: Path) -> None:
    make(path := tmp_path / "run", steps=1)
    with closing(RunDirectory(path, writable=True)) as directory:
        assert said_in(path / "lock") == ""
        directory.say_executor("serial")
        with pytest.raises(ExecutionError, match=r"shares its work, got .*'serial'; stop it, then `valpnas work"):
            sharing._Helper(path, pytest.fail).help()
