"""Runs that can be mended, or are only in use: what was recorded stays, and resumed the run is a whole one."""

from __future__ import annotations

import fcntl
import itertools
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.store.small_runs import go_on, make
from tests.store.test_damage import edit
from tests.test_cli import valpnas
from valpnas.report.numbers import hypervolume
from valpnas.store.journal import Journal
from valpnas.testing.runs import contents

from .cases import Case, refuse


@pytest.mark.parametrize("words", ["resume run --quiet", "resume run --steps 4 --json"])
def test_a_run_in_use_is_refused(folder: Path, words: str) -> None:
    with (folder / "run" / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refuse(
            Case("in use", words, "expected to be alone, but another process is writing this run; wait for it"), folder
        )
        assert valpnas("show", "run", folder=folder).returncode == 0, "reading is not refused"


@contextmanager
def torn_at(number: int) -> Iterator[None]:
    """Stop the program in the middle of writing a line of the journal."""
    append, calls = Journal.append, itertools.count()

    def torn(self: Journal, event: Any) -> None:
        if next(calls) != number:
            append(self, event)
            return
        line = json.dumps(event, sort_keys=True)
        with self.path.open("a") as file:
            file.write(line[: len(line) // 2])
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "append", torn)
        patch.setattr("valpnas.search.recording._QUICK", 0.0)  # no line waits for those after it
        yield


@pytest.mark.parametrize("line", [0, 1, 2, 4, 7, 11, 12])
def test_a_journal_cut_in_mid_line_is_mended_by_resume(tmp_path: Path, whole: Path, line: int) -> None:
    """What the cut line said is done again, and the run becomes the one that was never cut."""
    with torn_at(line), pytest.raises(KeyboardInterrupt):
        make(tmp_path / "run")
    cut_off = (tmp_path / "run" / "journal.jsonl").read_bytes()
    assert not cut_off.endswith(b"\n")
    assert valpnas("show", "run", folder=tmp_path).returncode == 0
    assert (tmp_path / "run" / "journal.jsonl").read_bytes() == cut_off, "showing mends nothing"
    assert valpnas("resume", "run", "--quiet", folder=tmp_path).returncode == 0
    assert contents(tmp_path / "run") == contents(whole)


def test_a_run_that_would_go_another_way_is_refused(tmp_path: Path) -> None:
    """A proposal without a result, and a run file that was altered since."""
    with torn_at(4), pytest.raises(KeyboardInterrupt):
        make(tmp_path / "run")
    edit(tmp_path / "run" / "run.toml", ("seed = 3", "seed = 4"))
    (tmp_path / "run" / "journal.jsonl").write_bytes(
        b"".join((tmp_path / "run" / "journal.jsonl").read_bytes().splitlines(keepends=True)[:4])
    )
    (tmp_path / "run" / "weights" / "00001.safetensors").unlink()  # of a result that the journal does not know
    refuse(
        Case("another seed", "resume run --quiet", "expected to propose candidate 1 as journalled, got another"),
        tmp_path,
    )


def test_an_empty_journal_is_a_run_that_has_not_begun(folder: Path, whole: Path) -> None:
    (folder / "run" / "journal.jsonl").write_text("")
    assert valpnas("show", "run", folder=folder).returncode == 0
    go_on(folder / "run")
    assert contents(folder / "run") == contents(whole)


def test_a_folder_of_runs_is_listed_with_those_that_cannot_be_read(folder: Path) -> None:
    shutil.copytree(folder / "run", folder / "bad")
    (folder / "bad" / "journal.jsonl").write_text("garbage\n")
    rows = json.loads(valpnas("list", ".", "--json", folder=folder).stdout)
    assert [row["run"] for row in rows] == ["bad", "run"]
    assert "unreadable: bad/journal.jsonl, line 1" in rows[0]["problem"]
    text = valpnas("list", ".", folder=folder).stdout
    assert hypervolume(rows[1]["hypervolume"]) in text
    assert str(rows[1]["hypervolume"]) not in text


def test_a_run_without_its_journal_is_not_begun_anew(tmp_path: Path, whole: Path) -> None:
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / "journal.jsonl").unlink()
    refuse(Case("gone", "resume run", "journal.jsonl: expected the journal of this run, found none"), tmp_path)
