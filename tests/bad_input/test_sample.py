"""``valpnas sample`` of what cannot be sampled, or into what cannot be written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import valpnas

from .cases import Case, refuse, table, text

CASES = (
    Case("no run", "sample none", "none: expected a run directory with a run.toml, got none"),
    Case("no generation", "sample run", r"got side \(classification\), sum \(regression\)"),
    Case("no generation of that name", "sample run --output sum", "expected a run with an output that is generated"),
    Case("minus one", "sample digits --count -1", "--count: expected at least 1, got -1"),
    Case("none", "sample digits --count 0", "--count: expected at least 1, got 0"),
    Case("too many", "sample digits --count 10000000", "--count: expected at most 1,000,000, got 10,000,000"),
    Case("a number in words", "sample digits --count ten", "Invalid value for '--count'"),
    Case("a negative seed", "sample digits --seed -1", "--seed: expected at least 0, got -1"),
    Case("an output that is a class", "sample digits --output digit", "unknown generation output 'digit': known: samp"),
    Case("an output misspelt", "sample digits --output sampel", "generation output 'sampel': did you mean sample"),
    Case("a model not on the front", "sample digits --candidate 9",
        r"expected a model on the front, \[[0-9, ]+\], got 9"),
    Case("another kind of file", "sample digits --out a.pdf", "--out: expected a .png or .csv file, got 'a.pdf'"),
    Case("below a file", "sample digits --out mine/a.csv", "cannot write mine/a.csv: (Not a directory|File exists)",
        text("mine", "")),
    Case("a folder for a file", "sample digits --out a.csv", "cannot write a.csv: Is a directory",
        lambda folder: (folder / "a.csv").mkdir()),
    Case("weights gone", "sample digits", "safetensors: expected the weights of a kept model, found none",
        lambda folder: next((folder / "digits" / "weights").iterdir()).unlink()),
)  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "digits"
    valpnas.design("digits", steps=0, initial_batches=1, out=str(path))
    return path


@table(*CASES)
def test_what_cannot_be_sampled_is_refused(case: Case, drawn: Path, whole: Path, tmp_path: Path) -> None:
    shutil.copytree(drawn, tmp_path / "digits")
    shutil.copytree(whole, tmp_path / "run")
    refuse(case, tmp_path)
