"""Working on a run that somebody else may be in charge of: one that has ended is left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.small_runs import make
from valpnas import sharing


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
    monkeypatch.setattr(sharing, "do_one", lambda _, worker: worker is not None)
    monkeypatch.setattr(sharing.JobFolder, "waiting", lambda _: ["00000-ab"])
    helper = sharing._Helper(tmp_path, pytest.fail)
    helper.help()
    helper.help()
    assert made == [tmp_path]
