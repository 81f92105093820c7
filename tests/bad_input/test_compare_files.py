"""Comparisons that cannot be made: compare files, flags, records of other settings, altered records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.experiments.fabricate import comparison, point, record
from valpnas.experiments.arms import Arm

from .cases import Case, as_it_is, refuse, table, text

_ARMS = '[arms.a]\nchooser = "random"\n[arms.b]\nchooser = "guided"\n'
_HEAD = 'format = "valpnas-compare/1"\nproblem = "digits"\n'


def written(
    name: str, match: str, keys: str = "", arms: str = _ARMS, head: str = _HEAD, words: str = "check bad.toml"
) -> Case:
    """A compare file that something is wrong with."""
    return Case(name, words, match, text("bad.toml", f"{head}{keys}\n{arms}"))


FILES = (
    written("no arms",
        "bad.toml: expected at least two arms with names of their own, got none; give --choosers or --arms", arms=""),
    written("one arm", "expected at least two arms .*got a; give", arms="[arms.a]\n"),
    written("arms that are a list", "arms: expected tables .arms.NAME., got .'a'.", arms="", keys='arms = ["a"]'),
    written("an arm that is a word", "arms.a: expected a table of run-file keys, got 'guided'",
        arms='[arms]\na = "guided"\n'),
    written("a name no folder can have", "arms: expected names of letters.*got 'a/b'", arms='[arms."a/b"]\n[arms.c]\n'),
    written("a name that leads elsewhere", r"arms: expected names of letters.*got '\.\.'",
        arms='[arms.".."]\n[arms.c]\n'),
    written("a shared key in an arm", "arms.a: expected no key 'seed', which all arms share; set it above the arms",
        arms="[arms.a]\nseed = 3\n[arms.b]\n"),
    written("an unknown key in an arm", "arms.a: unknown key 'step': did you mean steps",
        arms="[arms.a]\nstep = 3\n[arms.b]\n"),
    written("an unknown chooser in an arm", "unknown chooser 'guide': did you mean guided",
        arms='[arms.a]\nchooser = "guide"\n[arms.b]\n'),
    written("a wrong type in an arm", "arms.a: steps: expected a whole number, got '3'",
        arms='[arms.a]\nsteps = "3"\n[arms.b]\n'),
    written("an impossible value in an arm", "arms.a: steps: expected at least 0, got -3",
        arms="[arms.a]\nsteps = -3\n[arms.b]\n"),
    written("a space without room in an arm", "max_parameters: expected room",
        arms="[arms.a]\nspace = { max_parameters = 1 }\n[arms.b]\n"),
    written("against an unknown arm", "unknown arm 'c': known: a, b", 'against = "c"'),
    written("a figure of an unknown arm", "unknown arm 'c': known: a, b", 'figure_arms = ["a", "c"]'),
    written("a checkpoint before the first step", r"checkpoints: expected steps from 1 on, got \[0, 10\]",
        "checkpoints = [0, 10]"),
    written("checkpoints in words", "checkpoints: expected a list of whole numbers, got .'ten'.",
        'checkpoints = ["ten"]'),
    written("no pairs", "pairs: expected 1 to 1,000,000, got 0", "pairs = 0"),
    written("a rate that is none", r"tune_rates: expected positive learning rates, got \[-1", "tune_rates = [-1.0]"),
    written("a decay that is none", r"tune_decays: expected parts of a run in \(0, 1\], got \[2",
        "tune_decays = [2.0]"),
    written("a tuned key in an arm", "arms.a: expected no key 'learning_rate', which is tuned alike",
        "tune_rates = [0.1]", arms="[arms.a]\nlearning_rate = 0.1\n[arms.b]\n"),
    written("nobody to be the winner", "expected an arm of its own size to be the winner",
        arms='[arms.a]\nstart_parameters = "winner"\n[arms.b]\nstart_parameters = "winner"\nstart = "deep"\n'),
    written("an unknown key", "unknown key in bad.toml 'pears': did you mean pairs", "pears = 3"),
    written("a newer format", "expected format 'valpnas-run/1', got 'valpnas-compare/9'|valpnas-compare/9",
        head='format = "valpnas-compare/9"\nproblem = "digits"\n'),
    written("no problem", "expected the key 'problem', got none", head='format = "valpnas-compare/1"\n'),
    written("an unknown problem", "unknown problem 'digit': did you mean digits",
        head='format = "valpnas-compare/1"\nproblem = "digit"\n'),
    written("a compare file to run", "this file is for `valpnas compare`", words="run bad.toml"),
    written("a newer format to compare", "bad.toml: expected format 'valpnas-compare/1', got 'valpnas-compare/9'",
        head='format = "valpnas-compare/9"\n', words="compare bad.toml --quiet"),
)  # fmt: skip

FLAGS = (
    Case("no arms", "compare digits --quiet", "expected at least two arms .*give --choosers or --arms"),
    Case("arms twice", "compare bad.toml --choosers random,guided",
        "expected arms from a file or from --choosers, got both", text("bad.toml", _HEAD + _ARMS)),
    Case("an unknown chooser", "compare digits --choosers random,guide",
        "unknown chooser 'guide': did you mean guided"),
    Case("an unknown arm", "compare digits --choosers random,guided --against rand",
        "unknown arm 'rand': did you mean random"),
    Case("checkpoints in words", "compare digits --choosers random,guided --checkpoints 1,two",
        "--checkpoints: expected numbers with commas between them, got '1,two'"),
    Case("no workers", "compare digits --choosers random,guided --workers 0", "--workers: expected at least 1, got 0"),
    Case("no arms file", "compare digits --arms none.toml", "none.toml: expected a run file, got No such file"),
    Case("no file", "compare none.toml --json", "none.toml: expected a run file, got No such file"),
)  # fmt: skip


def notes(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Alter the notes of a record."""

    def make(folder: Path) -> None:
        data = json.loads((folder / "r.json").read_text())
        change(data)
        (folder / "r.json").write_text(json.dumps(data))

    return make


def points(change: Callable[[str], str]) -> Callable[[Path], object]:
    """Alter the points of a record."""

    def make(folder: Path) -> None:
        file = folder / "r-points.csv"
        file.write_text(change(file.read_text()))

    return make


def again(name: str, match: str, make: Callable[[Path], object] = as_it_is, more: str = "") -> Case:
    """The comparison that the record was made with, given again with ``more`` words."""
    words = "compare digits --choosers random,train-only --pairs 2 --steps 3 --initial-batches 20 --batches-per-step 10"
    return Case(name, f"{words} --device cpu --workers 1 --append r.csv --out out --quiet {more}", match, make)


RECORDS = (
    again("other settings",
        r"r.csv: expected arms.random.batch_size = 100 as in the figures that are there, got 50; use the same settings",
        more="--batch-size 50"),
    again("another decay", "r.csv: expected arms.random.final_decay = 0.3 as in the figures that are there, got 0.5",
        more="--final-decay 0.5"),
    again("no notes beside it", "r.csv: expected r.json beside it, found none; put it back or name a new file",
        lambda f: (f / "r.json").unlink()),
    again("no points beside it", "r-points.csv: expected a file, found none; check the path, or take it from a copy",
        lambda f: (f / "r-points.csv").unlink()),
    again("points of another table", "r-points.csv: expected the points of a comparison, got",
        text("r-points.csv", "a,b\n1,2\n")),
    again("points cut off", "r-points.csv: expected the points of a comparison, got", points(lambda text: text[:-40])),
    again("a word among the points", "r-points.csv: expected the points of a comparison, got",
        points(lambda text: text.replace(",1000,", ",many,"))),
    again("points that are no text", "r-points.csv: expected the points of a comparison, got",
        lambda f: (f / "r-points.csv").write_bytes(b"\xff\xfe")),
    again("points of a run missing",
        "r-points.csv: expected the points of a comparison, got none of 'random' in pair 1",
        points(lambda text: "".join(text.splitlines(keepends=True)[:4]))),
    again("notes that are no JSON", "r.json: expected JSON, got something else", text("r.json", "{")),
    again("notes that are a list", "r.json: expected format 'valpnas-comparison/1', got None", text("r.json", "[]")),
    again("notes of a newer format", "r.json: expected format 'valpnas-comparison/1'",
        notes(lambda d: d.update(format="valpnas-comparison/9"))),
    again("notes without pairs", "r.json: expected the notes of a comparison", notes(lambda d: d.pop("pairs", None))),
    again("notes without settings", "r.json: expected the notes of a comparison", notes(lambda d: d.pop("settings"))),
    again("notes with another key", "r.json: expected the notes of a comparison", notes(lambda d: d.update(more=3))),
    again("a folder for a record", "r.csv: expected|r.json",
        lambda f: ((f / "r.csv").unlink(), (f / "r.json").unlink(), (f / "r.csv").mkdir())),
)  # fmt: skip


@table(*FILES, *FLAGS)
def test_a_comparison_that_cannot_be_is_refused(case: Case, tmp_path: Path) -> None:
    refuse(case, tmp_path)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A folder with the record of two pairs."""
    made = comparison(*(Arm(name, {"chooser": name}) for name in ("random", "train-only")))
    made_up = [point((arm, pair), step) for pair in (0, 1) for arm in ("random", "train-only") for step in (0, 1)]
    record(tmp_path / "r.csv", made, made_up).save((1, 2))
    return tmp_path


@table(*RECORDS)
def test_a_record_of_something_else_is_refused_and_left_as_it_is(case: Case, recorded: Path) -> None:
    refuse(case, recorded)
