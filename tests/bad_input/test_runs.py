"""Runs that were altered, cut or are in use: refused with the file's name, and left as they are or mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.store.test_damage import cut, cut_after, edit, first_graph, first_weights, flip

from .cases import Case, refuse, table

Damage = Callable[[Path], object]


def damaged(name: str, damage: Damage, match: str, words: str = "resume run --steps 4 --quiet") -> Case:
    """A run in ``run`` that was damaged; by default more steps are asked of it."""
    return Case(name, words, match, lambda folder: damage(folder / "run"))


def rewrite(name: str, content: str) -> Damage:
    """Give a file of the run another content."""
    return lambda run: (run / name).write_text(content)


def drop(name: str) -> Damage:
    """Delete a file of the run."""
    return lambda run: (run / name).unlink()


def without(name: str, key: str) -> Damage:
    """Leave a key out of a JSON file of the run."""

    def damage(run: Path) -> None:
        data = json.loads((run / name).read_text())
        del data[key]
        (run / name).write_text(json.dumps(data))

    return damage


def newer_weights(run: Path) -> None:
    """Say that the weights were written by a newer version."""
    weights = first_weights(run)
    weights.write_bytes(weights.read_bytes().replace(b"valpnas-weights/1", b"valpnas-weights/2"))


CASES = (
    damaged("fewer steps", lambda _: None,
        "steps: expected at least the 3 the run already has, got 2; a budget can only be raised",
        "resume run --steps 2"),
    damaged("negative steps", lambda _: None, "steps: expected at least the 3 the run already has, got -1",
        "resume run --steps -1"),
    damaged("too many steps", lambda _: None, "steps: expected at most", f"resume run --steps {2**63}"),
    damaged("journal altered in the middle", lambda run: edit(run / "journal.jsonl", ("{", "("), line=1),
        "journal.jsonl, line 2: expected an event in JSON"),
    damaged("journal with a line of garbage", lambda run: edit(run / "journal.jsonl", ("\n", "\nxx\n"), line=2),
        "journal.jsonl, line 4: expected an event in JSON, got b'xx'"),
    damaged("journal that contradicts itself",
        lambda run: edit(run / "journal.jsonl", ('"candidate": 0', '"candidate": 7'), line=1),
        "journal.jsonl: expected events that follow from those before"),
    damaged("journal with a line twice", lambda run: edit(run / "journal.jsonl", ('"ask": 1', '"ask": 0'), line=3),
        "expected to propose candidate 0|journal"),
    damaged("journal that is a folder", lambda run: (drop("journal.jsonl")(run), (run / "journal.jsonl").mkdir()),
        "journal.jsonl: expected a file, found a folder"),
    damaged("journal of a newer version", lambda run: edit(run / "journal.jsonl", ("accepted", "promoted"), line=2),
        "line 3: .*altered or written by a newer valpnas", "show run"),
    damaged("weights gone", lambda run: first_weights(run).unlink(),
        r"weights/0000\d.safetensors: expected the weights of a kept model, found none; take them from a copy"),
    damaged("weights cut", lambda run: cut(first_weights(run), 0.7),
        "safetensors: expected a whole weight file, got .*take it from a copy"),
    damaged("weights empty", lambda run: cut(first_weights(run), 0), "safetensors: expected a whole weight file"),
    damaged("a bit of the weights", lambda run: flip(first_weights(run), -5),
        "safetensors: expected a whole weight file, got .*digest"),
    damaged("weights of a newer version", newer_weights,
        "expected format 'valpnas-weights/1', got 'valpnas-weights/2'; use a valpnas that knows it"),
    damaged("graph gone", lambda run: first_graph(run).unlink(),
        r"graphs/0000\d.json: expected a file, found none; .*take it from a copy"),
    damaged("problem gone", drop("problem.json"), "problem.json: expected a file, found none; .*take it from a copy"),
    damaged("problem gone, shown", drop("problem.json"), "problem.json: expected a file, found none", "show run"),
    damaged("problem no JSON", rewrite("problem.json", "{"), "problem.json: expected JSON, got something else",
        "show run --json"),
    damaged("problem no table", rewrite("problem.json", "[1]"), "problem.json: expected a whole problem", "show run"),
    damaged("problem of a newer version", lambda run: edit(run / "problem.json", ("valpnas-run/1", "valpnas-run/2")),
        "problem.json: expected format 'valpnas-run/1', got 'valpnas-run/2'", "show run"),
    damaged("problem without outputs", without("problem.json", "outputs"),
        "problem.json: expected the key 'outputs', got none"),
    damaged("problem without transforms", without("problem.json", "transforms"),
        "problem.json: expected the key 'transforms', got none"),
    damaged("problem without a reference",
        lambda run: edit(run / "problem.json", ('"reference": {', '"reference": {}, "x": {')),
        "problem.json: expected bounds of every output, got KeyError: '(side|sum)'", "show run"),
    damaged("data gone", drop("problem.npz"), "problem.npz: expected a file, found none"),
    damaged("data cut", lambda run: cut(run / "problem.npz", 0.5), "problem.npz: expected arrays"),
    damaged("other data", lambda run: edit(run / "problem.json", ('"fingerprint": "', '"fingerprint": "0')),
        "expected the data this run was made on .*put the original data back"),
    damaged("run file gone", drop("run.toml"), "run: expected a run directory with a run.toml, got none"),
    damaged("run file of a newer version", lambda run: edit(run / "run.toml", ("valpnas-run/1", "valpnas-run/2")),
        "run.toml: expected format 'valpnas-run/1', got 'valpnas-run/2'", "show run"),
    damaged("run file cut", lambda run: cut_after(run / "run.toml", "steps = "), "run.toml: expected TOML"),
    damaged("run file with an unknown key", lambda run: edit(run / "run.toml", ("steps =", "step =")),
        "run.toml: unknown key 'step': did you mean", "show run"),
    damaged("test objectives altered", rewrite("test_objectives.jsonl", "{\n"),
        "test_objectives.jsonl, line 1: expected", "show run"),
    damaged("test objectives of nothing", rewrite("test_objectives.jsonl", "[3]\n"),
        "test_objectives.jsonl, line 1: expected", "show run"),
    damaged("run over a run", lambda _: None,
        "run: expected a new or empty folder for a run, found '.*'; choose another --out",
        "run digits --steps 1 --initial-batches 1 --out run --quiet"),
)  # fmt: skip


@table(*CASES)
def test_a_damaged_run_is_refused_and_left_as_it_is(case: Case, folder: Path) -> None:
    refuse(case, folder)
