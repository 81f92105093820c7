"""Workers made from a run on disk: what differs from the process that made the run goes along with their answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.small_runs import make
from valpnas.training.versions import differences
from valpnas.working import WorkerAt


@pytest.mark.timeout(200)
def test_a_worker_with_other_versions_says_so_once(tmp_path: Path) -> None:
    path = tmp_path / "run"
    make(path, steps=0)
    worker = WorkerAt(path)()
    worker._compare()
    assert worker.notes == []
    text = (path / "run.toml").read_text()
    now = next(line for line in text.splitlines() if line.startswith("numpy = "))
    (path / "run.toml").write_text(text.replace(now, 'numpy = "1.0"'))
    worker = WorkerAt(path)()
    worker._compare()
    worker._compare()
    (note,) = worker.notes
    assert note.startswith("a worker has numpy ")
    assert note.endswith("the run was made with 1.0: results may differ in the last bits")


def test_the_number_of_a_gpu_is_no_difference() -> None:
    before = {"device": "cuda (A)", "torch": "1"}
    assert differences(before, {"device": "cuda:1 (A)", "torch": "1", "new": "3"}) == []
    assert differences(before, {"device": "cuda:1 (B)"}) == [("device", "cuda (A)", "cuda:1 (B)")]
