"""Damaged, foreign and newer files: one line that says what was expected, what came, and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from valpnas.errors import StoreError, ValpnasError
from valpnas.opened_run import Run
from valpnas.run import design
from valpnas.store.models import load_model
from valpnas.testing.runs import contents

from .small_runs import go_on, make

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    make(path)
    return path


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy of a run, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def edit(file: Path, *changes: tuple[str, str], line: int | None = None) -> None:
    """Replace words in a file, in one of its lines if told so."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for number in range(len(lines)) if line is None else [line]:
        for old, new in changes:
            lines[number] = lines[number].replace(old, new)
    file.write_text("".join(lines), encoding="utf-8")


def first_weights(run: Path) -> Path:
    return min((run / "weights").iterdir())


def first_graph(run: Path) -> Path:
    """The graph of a model whose weights are kept."""
    return run / "graphs" / f"{first_weights(run).stem}.json"


def flip(file: Path, position: int) -> None:
    """Alter one byte."""
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)


def cut(file: Path, share: float) -> None:
    """Keep the first part of a file."""
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])


def cut_after(file: Path, text: str) -> None:
    """Keep a file up to the end of ``text``."""
    whole = file.read_text()
    file.write_text(whole[: whole.index(text) + len(text)])


def touch_everything(run: Path) -> None:
    """Do all that reads a run: sum it up, load its front, go on with it."""
    opened = Run(run)
    opened.summary()
    for member in opened.front:
        opened.model(member.candidate)
    go_on(run, steps=4)


JOURNAL: dict[str, Damage] = {
    "not JSON": lambda run: edit(run / "journal.jsonl", ("{", "("), line=1),
    "not text": lambda run: (run / "journal.jsonl").write_bytes(b"\xff\xfe\n" + (run / "journal.jsonl").read_bytes()),
    "an empty line": lambda run: edit(run / "journal.jsonl", ("\n", "\n\n"), line=2),
    "not an event": lambda run: edit(run / "journal.jsonl", ('"event"', '"evnt"'), line=2),
    "an event of a newer version": lambda run: edit(run / "journal.jsonl", ("accepted", "promoted"), line=2),
    "an event without its objectives": lambda run: edit(run / "journal.jsonl", ('"objectives"', '"objctives"'), line=1),
    "a result of nobody": lambda run: edit(run / "journal.jsonl", ('"candidate": 0', '"candidate": 7'), line=1),
    "a site that is none": lambda run: edit(run / "journal.jsonl", ('"arcs"', '"arks"'), line=3),
    "an ask out of order": lambda run: edit(run / "journal.jsonl", ('"ask": 1', '"ask": 9'), line=3),
}
FILES: dict[str, Damage] = {
    "weights cut": lambda run: cut(first_weights(run), 0.7),
    "weights empty": lambda run: cut(first_weights(run), 0),
    "weights gone": lambda run: first_weights(run).unlink(),
    "a bit of the weights": lambda run: flip(first_weights(run), -5),
    "the header of the weights": lambda run: flip(first_weights(run), 30),
    "a graph cut": lambda run: cut(first_graph(run), 0.5),
    "a graph without arcs": lambda run: edit(first_graph(run), ('"arcs"', '"arks"')),
    "a graph of a newer version": lambda run: edit(first_graph(run), ("valpnas-valp/1", "valpnas-valp/9")),
    "an unknown kind": lambda run: edit(first_graph(run), ('"dense"', '"pretzel"')),
    "the problem cut": lambda run: cut(run / "problem.json", 0.5),
    "the problem of a newer version": lambda run: edit(run / "problem.json", ("valpnas-run/1", "valpnas-run/2")),
    "the problem no table": lambda run: (run / "problem.json").write_text("[1, 2]"),
    "a problem without outputs": lambda run: edit(run / "problem.json", ('"outputs"', '"outpts"')),
    "the data cut": lambda run: cut(run / "problem.npz", 0.5),
    "a bit of the data": lambda run: flip(run / "problem.npz", 2000),
    "the data gone": lambda run: (run / "problem.npz").unlink(),
    "the fingerprint": lambda run: edit(run / "problem.json", ('"fingerprint": "', '"fingerprint": "0')),
    "the run file cut": lambda run: cut_after(run / "run.toml", "steps = "),
    "the run file of a newer version": lambda run: edit(run / "run.toml", ("valpnas-run/1", "valpnas-run/2")),
    "the run file gone": lambda run: (run / "run.toml").unlink(),
}


@pytest.mark.parametrize("damage", [*JOURNAL.values(), *FILES.values()], ids=[*JOURNAL, *FILES])
def test_damage_is_named_in_one_line(run: Path, damage: Damage) -> None:
    damage(run)
    with pytest.raises(ValpnasError) as error:
        touch_everything(run)
    words = str(error.value)
    assert "\n" not in words
    assert str(run) in words, "it names the file"
    assert any(word in words for word in ("expected", "cannot", "known:")), "it says what was expected"
    assert ";" in words or "known:" in words, "it says what to do"


@pytest.mark.parametrize("damage", JOURNAL.values(), ids=JOURNAL)
def test_a_damaged_journal_is_not_written_to(run: Path, damage: Damage) -> None:
    damage(run)
    before = (run / "journal.jsonl").read_bytes()
    with pytest.raises(StoreError):
        go_on(run, steps=4)
    assert (run / "journal.jsonl").read_bytes() == before


def test_a_refused_run_is_free_again_at_once(run: Path) -> None:
    """Whoever mends the journal can go on without ending the process that looked at it."""
    sound = (run / "journal.jsonl").read_bytes()
    JOURNAL["not JSON"](run)
    with pytest.raises(StoreError, match=r"line 2"):
        go_on(run)
    (run / "journal.jsonl").write_bytes(sound)
    go_on(run)


def test_other_data_are_refused_with_both_fingerprints(run: Path) -> None:
    expected = json.loads((run / "problem.json").read_text())["fingerprint"]
    with np.load(run / "problem.npz") as arrays:
        altered = {name: arrays[name] for name in arrays.files}
    altered["train|inputs|x"] = altered["train|inputs|x"] + 1
    np.savez_compressed(run / "problem.npz", allow_pickle=False, **altered)
    with pytest.raises(StoreError, match=rf"fingerprint {expected}\), got [0-9a-f]+; put the original data back"):
        go_on(run, steps=4)


def test_weights_of_a_newer_version_are_refused(run: Path) -> None:
    weights = first_weights(run)
    weights.write_bytes(weights.read_bytes().replace(b"valpnas-weights/1", b"valpnas-weights/2"))
    with pytest.raises(
        StoreError, match=r"expected format 'valpnas-weights/1', got 'valpnas-weights/2'; use a valpnas"
    ):
        load_model(run / "graphs" / f"{weights.stem}.json", weights)


@pytest.mark.parametrize("broken", ["", "[", "[3]", '{"journal_bytes": 1}'])
def test_the_cache_may_be_gone_or_broken(run: Path, whole: Path, broken: str) -> None:
    before = Run(run).summary()
    (run / "state.json").write_text(broken)
    assert Run(run).summary() == before
    (run / "state.json").unlink()
    go_on(run)
    assert contents(run) == contents(whole)


def test_samples_are_not_judged_by_another_yardstick(tmp_path: Path) -> None:
    """A yardstick fitted elsewhere may differ: its distances are no measure of those that are recorded."""
    path = tmp_path / "run"
    design("digits", out=str(path), steps=1, initial_batches=2, batches_per_step=2, chooser="train-only", device="cpu")
    kept = json.loads((path / "problem.json").read_text())
    (path / "problem.json").write_text(
        json.dumps({**kept, "yardsticks": {"sample": kept["yardsticks"]["sample"] * 1.01}})
    )
    before = (path / "journal.jsonl").read_bytes()
    with pytest.raises(StoreError, match="expected samples of 'sample' judged by a yardstick of floor"):
        go_on(path, steps=2)
    assert (path / "journal.jsonl").read_bytes() == before
