"""Files and folders that are not what a command wants: run files, starts, output folders, wrong paths."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_cli import valpnas

from .cases import Case, assert_refused, refuse, run_file, snapshot, table, text

TINY = "--steps 1 --initial-batches 2 --batches-per-step 2 --quiet"


def folder(name: str, *files: str) -> object:
    """Make a folder with files of a few bytes."""

    def make(where: Path) -> None:
        (where / name).mkdir()
        for file in files:
            (where / name / file).write_text("mine")

    return make


RUN_FILES = (
    Case("no run file", "run none.toml",
        "none.toml: expected a run file, got No such file or directory; check the path"),
    Case("a folder for a run file", "run bad.toml", "bad.toml: expected a run file, got Is a directory",
        folder("bad.toml")),
    Case("not TOML", "run bad.toml", r"bad.toml: expected TOML, got .*line 1.*; correct the file",
        text("bad.toml", "problem = \n")),
    Case("not text", "run bad.toml", "bad.toml: expected TOML, got 'utf-8' codec",
        lambda w: (w / "bad.toml").write_bytes(b"\xff\xfe")),
    Case("JSON", "check bad.toml", "bad.toml: expected TOML, got", text("bad.toml", '{"problem": "digits"}')),
    Case("a table without end", "run bad.toml", "bad.toml: expected TOML, got", text("bad.toml", "a = " + "[" * 5000)),
    Case("empty", "run bad.toml", "bad.toml: expected the key 'problem', got none; name a problem",
        text("bad.toml", "")),
    Case("a newer format", "run bad.toml",
        "bad.toml: expected format 'valpnas-run/1', got 'valpnas-run/9'; use the valpnas that wrote it",
        run_file('format = "valpnas-run/9"')),
    Case("a format that is a number", "run bad.toml", "expected format 'valpnas-run/1', got 1", run_file("format = 1")),
    Case("a compare file", "run bad.toml", "got 'valpnas-compare/1'; this file is for `valpnas compare`",
        run_file('format = "valpnas-compare/1"')),
    Case("a run file without its ending", "run bad", "unknown problem or run file 'bad'", run_file()),
)  # fmt: skip

PATHS = (
    Case("show nothing", "show none", "none: expected a run directory with a run.toml, got none; `valpnas list`"),
    Case("show nothing as JSON", "show none --json", "none: expected a run directory"),
    Case("show a file", "show mine", "mine: expected a run directory", text("mine", "")),
    Case("show a folder", "show mine --json", "mine: expected a run directory", folder("mine", "a.txt")),
    Case("resume nothing", "resume none", "none: expected a run directory"),
    Case("resume a file", "resume mine --json", "mine: expected a run directory", text("mine", "")),
    Case("show what no file can be called", f"show {'a' * 300}", "a+: expected a run directory"),
    Case("list what no folder can be called", f"list {'a' * 300}", "a+: expected a folder that holds run directories"),
    Case("list nothing", "list none", "none: expected a folder that holds run directories, found none; name one"),
    Case("list nothing as JSON", "list none --json", "none: expected a folder that holds run directories"),
    Case("list a file", "list mine", "mine: expected a folder that holds", text("mine", "")),
    Case("check nothing", "check none.toml", "none.toml: expected a run file, got No such file"),
    Case("check a folder", "check mine", "mine: expected a run file, got Is a directory", folder("mine")),
)  # fmt: skip

STARTS = (
    Case("no such start", "run digits --start none.json", "none.json: expected a file, found none; check the path"),
    Case("a folder for a start", "run digits --start mine.json", "mine.json: expected a file, found a folder",
        folder("mine.json")),
    Case("a start that is no JSON", "run digits --start mine.json", "mine.json: expected JSON, got something else",
        text("mine.json", "{")),
    Case("a start that is no graph", "run digits --start mine.json",
        "expected a graph of format 'valpnas-valp/1', got 'list'", text("mine.json", "[]")),
    Case("a start of a newer format", "run digits --start mine.json",
        "format 'valpnas-valp/1', got 'valpnas-valp/9'; read it with a valpnas that knows it",
        text("mine.json", '{"format": "valpnas-valp/9"}')),
    Case("a start of nothing", "run digits --start mine.json", "expected a whole graph .*KeyError",
        text("mine.json", '{"format": "valpnas-valp/1"}')),
    Case("a start of other inputs", "check bad.toml", "expected the inputs|given.json",
        lambda w: (_other_start(w), run_file('start = "given.json"')(w))),
)  # fmt: skip

OUTPUTS = (
    Case("a file for a folder", f"run digits {TINY} --out mine",
        "mine: expected a new or empty folder for a run, found 'mine'; choose another --out", text("mine", "")),
    Case("foreign files", f"run digits {TINY} --out mine", "mine: expected a new or empty folder.*found 'a.txt'",
        folder("mine", "a.txt")),
    Case("below a file", f"run digits {TINY} --out mine/run", "cannot create mine/run: Not a directory|mine/run",
        text("mine", "")),
    Case("a name too long", f"run digits {TINY} --out {'a' * 300}",
        "cannot create a+: File name too long|File name too long"),
    Case("a folder that cannot hold files", f"run digits {TINY} --out /proc/valpnas",
        "cannot create /proc/valpnas.*: No such file or directory; "),
)  # fmt: skip


def _other_start(where: Path) -> None:
    """Write a start for another problem: one that digits cannot begin with."""
    import json

    from tests.store.small_runs import small_problem
    from valpnas.graph.valp_json import valp_to_json
    from valpnas.networks.hand_made import hand_made

    problem = small_problem()
    (where / "given.json").write_text(json.dumps(valp_to_json(hand_made(problem.inputs, problem.outputs, 1))))


@table(*RUN_FILES, *PATHS, *STARTS)
def test_a_wrong_path_or_file_is_refused(case: Case, tmp_path: Path) -> None:
    refuse(case, tmp_path)


@table(*OUTPUTS)
def test_an_output_folder_that_cannot_be_is_refused(case: Case, tmp_path: Path) -> None:
    refuse(case, tmp_path)


def test_every_bad_file_is_named_and_the_good_ones_are_checked(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text('problem = "digits"\n')
    (tmp_path / "bad.toml").write_text('problem = "digits"\nstep = 3\n')
    (tmp_path / "worse.toml").write_text('problem = "digits"\nchooser = "guide"\n')
    done = valpnas("check", "bad.toml", "none.toml", "worse.toml", "good.toml", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == "good.toml: a valid run file\n"
    lines = done.stderr.splitlines()
    assert [line.split(":")[:2] for line in lines] == [["valpnas", f" {n}.toml"] for n in ("bad", "none", "worse")]
    assert ["unknown key 'step'" in lines[0], "No such file" in lines[1], "guided" in lines[2]] == [True] * 3


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that cannot be written to, even by root: a file system mounted for reading."""
    place = tmp_path / "sealed"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_read_only_file_system_is_refused(read_only: Path) -> None:
    done = valpnas("run", "digits", *TINY.split(), "--out", read_only / "run", folder=read_only)
    assert_refused(done, "cannot create .*sealed/run.*: Read-only file system; ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir(mode=0o500)
    done = valpnas("run", "digits", *TINY.split(), "--out", "sealed/run", folder=tmp_path)
    assert_refused(done, "cannot create sealed/run.*: Permission denied; .*check the path and its rights")
    assert snapshot(tmp_path) == {"sealed": None}
