"""Cases of bad input: how each situation is made, the command line given in it, and what the one line must say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.test_cli import Done, valpnas

Make = Callable[[Path], object]


def as_it_is(_: Path) -> None:
    """Make nothing."""


def text(name: str, content: str) -> Make:
    """Write a text file into the folder."""
    return lambda folder: (folder / name).write_text(content, encoding="utf-8")


def run_file(*lines: str, problem: str = 'problem = "digits"') -> Make:
    """Write ``bad.toml``, a run file on digits with these further lines."""
    return text("bad.toml", "\n".join([problem, *lines]) + "\n")


@dataclass(frozen=True)
class Case:
    """``name`` says what is wrong; ``words`` are the command line, given in the folder that ``make`` prepares."""

    name: str
    words: str
    match: str
    make: Make = as_it_is


def table(*cases: Case) -> pytest.MarkDecorator:
    """Return the mark that makes a test run every case."""
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def refuse(case: Case, folder: Path) -> Done:
    """Make the situation and give the command: one line, exit code 2, and every file as it was."""
    case.make(folder)
    before = snapshot(folder)
    done = valpnas(*shlex.split(case.words), folder=folder)
    assert_refused(done, case.match)
    after = snapshot(folder)
    touched = [path for path in sorted({*before, *after}) if before.get(path, "none") != after.get(path, "none")]
    assert not touched, "expected no file to be made, altered or lost"
    return done


def assert_refused(done: Done, match: str) -> None:
    """One line on stderr that says ``match``, nothing on stdout, exit code 2."""
    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("valpnas: ")
    assert "Traceback" not in done.stderr
    assert re.search(match, done.stderr), done.stderr
    assert done.stdout == ""


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every path below ``folder`` and what its file holds; None for a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if "__pycache__" not in path.parts
    }
