"""Test rows: every trained candidate is scored there, and what goes wrong there stops no search."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tests.store.small_runs import go_on, make
from valpnas.contracts.executor import Answer
from valpnas.contracts.job import JobRecord, Result
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.held_out import HeldOut
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import HeldOutFile, read_test_objectives
from valpnas.training.evaluation import Evaluator
from valpnas.training.objectives import Score
from valpnas.working import Worker


def test_every_trained_candidate_is_scored(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    trained = [row["candidate"] for row in run.history() if "objectives" in row]
    scores = read_test_objectives(tmp_path / "run")
    assert sorted(scores) == trained
    assert all(set(of) == {"side", "sum"} for of in scores.values())
    assert run.summary()["start_test"] == scores[0]


@pytest.mark.parametrize("error", [MemoryError("no room"), RuntimeError("broken")])
def test_what_goes_wrong_there_is_said_and_stops_no_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real = Evaluator.scores

    def broken(self: Evaluator, model: Model, part: str) -> dict[str, Score]:
        if part == "test":
            raise error
        return real(self, model, part)

    monkeypatch.setattr(Evaluator, "scores", broken)
    run = make(tmp_path / "run")
    assert run.summary()["ended"]
    assert all(member.test == {} for member in run.front)


def test_a_candidate_trained_again_counts_as_it_was_last(tmp_path: Path) -> None:
    file = HeldOutFile.open(tmp_path)
    for value in (0.5, 0.5, 0.25):
        file.record(3, {"a": value}, {})
        file.flush()
    assert len(file.lines) == 2, "equal figures are not written twice"
    assert read_test_objectives(tmp_path) == {3: {"a": 0.25}}


def test_a_line_cut_by_a_kill_is_written_again(tmp_path: Path) -> None:
    make(tmp_path / "run")
    file = tmp_path / "run" / "test_objectives.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    assert len(read_test_objectives(tmp_path / "run")) == whole.count(b"\n") - 1
    go_on(tmp_path / "run")  # it had ended: nothing is trained again, and the cut line is dropped
    assert HeldOutFile.open(tmp_path / "run").lines == [*HeldOutFile(file, writable=False).lines]


def test_a_note_is_said_once_whoever_writes_it(tmp_path: Path) -> None:
    heard: list[str] = []
    make(tmp_path / "run")
    held_out = HeldOut(RunDirectory(tmp_path / "run"), heard.append)
    for notes in (("slow here",), (), ("slow here", "no stacks")):
        held_out.record(Answer(failed(0), notes=notes))
    assert heard == ["slow here", "no stacks"]


def test_a_worker_hands_its_notes_to_the_next_answer() -> None:
    worker = Worker(lambda group: [failed(job) for job in group], cast(Any, None), cast(Any, None), ["slow here"])
    assert [answer.notes for answer in (*worker(cast(Any, [0, 1])), *worker(cast(Any, [2])))] == [
        ("slow here",),
        (),
        (),
    ]


def failed(candidate: Any) -> Result:
    return Result(JobRecord(candidate, (), "start", "hash", Protocol(1)), reason="by design")
