"""Asynchronous runs on disk: whenever they are killed, jobs that are out again have the state they begin with."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.small_runs import go_on, make
from valpnas.contracts.executor import Answers
from valpnas.execution.serial import Serial
from valpnas.testing.runs import events

SETTINGS: dict[str, Any] = {"search": "nsga2", "population": 3, "generations": 2, "asynchronous": True}
CANDIDATES = 9
pytestmark = pytest.mark.timeout(300)


def test_a_kill_before_quick_results_are_on_disk_loses_none_of_their_jobs(tmp_path: Path) -> None:
    """Their files are there until the journal has what came of them, though the search was told long before."""
    path, copies = tmp_path / "run", list[Path]()

    class Copied(Serial):
        def results(self) -> Iterator[Answers]:
            for answers in super().results():
                copies.append(tmp_path / f"killed {len(copies)}")
                shutil.copytree(path, copies[-1])
                yield answers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("valpnas.execution.serial.Serial", Copied)
        patch.setattr("valpnas.search.recording._QUICK", 1e9)  # every job is quick: no commit after the first
        make(path, **SETTINGS)
    assert len(copies) == CANDIDATES
    for killed in (copies[2], copies[-1]):
        proposed = [event["candidate"] for event in events(killed) if event["event"] == "proposed"]
        assert proposed, "a kill that nobody would notice"
        go_on(killed)
        told = Counter(event["candidate"] for event in events(killed) if event["event"] in {"trained", "failed"})
        assert told == Counter(range(CANDIDATES))
