"""The program as a process: two at one run, Ctrl-C, a folder left behind; the exit code is the operating system's."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.test_cli import valpnas
from valpnas.testing.runs import events

from .cases import assert_refused
from .processes import PROBLEM, program, start

_LONG = ("--steps", "100000", "--initial-batches", "2", "--batches-per-step", "1", "--chooser", "train-only")


def test_a_second_process_is_refused_and_ctrl_c_names_the_run(tmp_path: Path) -> None:
    first = start("run", PROBLEM, *_LONG, "--out", "my run", "--quiet", folder=tmp_path)
    journal = tmp_path / "my run" / "journal.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    second = program("resume", "my run", "--quiet", folder=tmp_path)
    assert_refused(
        second, "my run: expected to be alone, but another process is writing this run; wait for it or stop it"
    )
    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=60)
    said = "valpnas: interrupted; what was done is recorded: `valpnas resume 'my run'` goes on\n"
    assert (first.returncode, out, err) == (130, "", said)
    assert valpnas("show", "my run", folder=tmp_path).returncode == 0
    assert [event["event"] for event in events(tmp_path / "my run")][:3] == ["proposed", "trained", "accepted"]


def test_the_program_exits_with_2_in_one_line(tmp_path: Path) -> None:
    assert_refused(program("show", "nothing", "--json", folder=tmp_path), "nothing: expected a run directory")


def test_a_relative_data_folder_is_found_again_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run file of the run holds the whole path, as it does for a start."""
    monkeypatch.delenv("VALPNAS_DATA", raising=False)
    (tmp_path / "here" / "data").mkdir(parents=True)
    (tmp_path / "here" / "a.toml").write_text(f'problem = "{PROBLEM}"\ndata_dir = "data"\nquiet = true\nout = "run"\n')
    tiny = ("--steps", "1", "--initial-batches", "1", "--batches-per-step", "1")
    assert valpnas("run", "a.toml", *tiny, folder=tmp_path / "here").returncode == 0
    assert f'data_dir = "{tmp_path / "here" / "data"}"' in (tmp_path / "here" / "run" / "run.toml").read_text()
    assert valpnas("resume", "here/run", "--steps", "2", "--quiet", folder=tmp_path).returncode == 0


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    from valpnas import __version__

    assert valpnas("--version", folder=tmp_path).stdout == f"valpnas {__version__}\n"


def test_ctrl_c_that_comes_out_as_another_error_is_still_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled code may answer an interruption with an error of its own."""

    def interrupted(*_: object, **__: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise AttributeError("as compiled code does") from None

    monkeypatch.setattr("valpnas.run.start", interrupted)
    done = valpnas("run", "digits", "--out", "r", folder=tmp_path)
    assert done.returncode == 130
    assert done.stderr == "valpnas: interrupted; there is no run yet: start it again\n"
