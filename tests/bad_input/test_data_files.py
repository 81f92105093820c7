"""Data files that are missing, cut off, altered or another table: named with what to do, before a run is made."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from .cases import Case, Make, refuse, table, text

_NUMBERS = itertools.count()  # a module is imported once: each case needs a name of its own
_STUDENT = "run student --data-dir ."
_NO_ANSWER = "expected student-por.csv, got no answer .* from https://archive.ics.uci.edu/.*; put student-por.csv into "
_IMAGES = "train-images-idx3-ubyte.gz"


def many(*makes: Make) -> Make:
    """Make several things."""

    def make(folder: Path) -> None:
        for each in makes:
            each(folder)

    return make


def binary(name: str, content: Callable[[], bytes]) -> Make:
    """Write bytes into the folder."""
    return lambda folder: (folder / name).write_bytes(content())


def reads(what: str, name: str, table: str, match: str) -> Case:
    """A table of the wrong content given to the reader of a problem of ours, past its checksum."""
    module = f"bad_table_{next(_NUMBERS)}"
    code = f"""
from dataclasses import replace
from valpnas.problems import {what}

def make():
    return replace({what}.{what}(), load=lambda _: {what}.read_table({table!r}))
"""
    return Case(name, f"run {module}:make", match, text(f"{module}.py", code))


CASES = (
    Case("altered", _STUDENT,
        "student-por.csv: expected content of SHA-256 3fb4.*, got [0-9a-f]{64}; replace it, or take it away",
        text("student-por.csv", "school,sex\nGP,F\n")),
    Case("empty", _STUDENT, "student-por.csv: expected content of SHA-256 3fb4.*, got e3b0",
        text("student-por.csv", "")),
    Case("fetched, altered", "fetch student --data-dir .", "student-por.csv: expected content of SHA-256",
        text("student-por.csv", "school\n")),
    Case("gzip cut off", "run mnist --data-dir .",
        "idx3-ubyte.gz: expected content of SHA-256 .*, got a file that was cut off or altered",
        binary(_IMAGES, lambda: gzip.compress(b"\0" * 9999)[:40])),
    Case("no gzip at all", "run mnist --data-dir .", "idx3-ubyte.gz: expected content .*cut off or altered",
        binary(_IMAGES, lambda: b"hello")),
    Case("missing", _STUDENT, _NO_ANSWER + ".*here/tabular$"),
    Case("missing, no folder named", "run student",
        _NO_ANSWER + "a folder tabular/ of a folder that VALPNAS_DATA names"),
    Case("missing, to be fetched", "fetch mnist",
        r"expected train-images-idx3-ubyte.gz, got no answer .* from http.*; put .* VALPNAS_DATA names"),
    Case("missing in a folder that is a file", "run student --data-dir mine",
        "expected student-por.csv, got no answer .*; put student-por.csv into .*mine/tabular", text("mine", "")),
    Case("a folder in its place", _STUDENT, "expected student-por.csv, got no answer",
        lambda folder: (folder / "tabular" / "student-por.csv").mkdir(parents=True)),
    reads("student", "other columns", "a,b\n1,2\n",
        "student-por.csv, line 2: expected a column 'sex', got none; replace the file"),
    reads("student", "no rows", "", "student-por.csv: expected rows below a line of names, got none; replace the file"),
    reads("abalone", "a row cut off", "M,1,2,3,4,5,6,7,8\nF,1,2",
        "abalone.csv, line 2: expected a sex, 7 measures and rings, got 3 cells; correct the row"),
    reads("abalone", "a word for a number", "M,1,2,3,4,5,6,seven,8",
        "abalone.csv, line 1: expected numbers after the sex, got .*seven"),
    reads("abalone", "nothing", "", "abalone.csv: expected rows, got none; replace the file"),
)  # fmt: skip


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a network, without anything fetched before, whose user names no folder."""

    def no_answer(_: str) -> bytes:
        raise ConnectionError("no network in this test")

    monkeypatch.setattr("valpnas.contracts.downloads._get", no_answer)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.delenv("VALPNAS_DATA", raising=False)
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@table(*CASES)
def test_bad_data_files_are_named(case: Case, offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(offline)
    refuse(case, offline)
