"""problem.json: what a run was made on; arrays that live nowhere else are kept beside it as ``problem.npz``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np

from valpnas.contracts.problem import PARTS, Part, Parts, Problem, SampleScorer
from valpnas.errors import StoreError
from valpnas.graph.tasks import task_from_json, task_to_json
from valpnas.graph.valp import Input, Output
from valpnas.store.files import explained, read_json, whole, write_atomically, write_json

FORMAT = "valpnas-run/1"
_SAME_YARDSTICK = 1e-4  # relative: the last bits of a fit may differ, and do not matter
_KEYS = {"name", "in_memory", "fingerprint", "inputs", "outputs", "reference", "ideal", "samplers", "transforms"}


def save_problem(
    folder: Path,
    problem: Problem,
    parts: Parts | None,
    fingerprint: str,
    transforms: Mapping[str, Any],
    yardsticks: Mapping[str, float],
) -> None:
    """Write ``problem.json``, and ``problem.npz`` when ``parts`` are given (in-memory problems).

    ``yardsticks`` holds by generation output the distance between validation and test targets: see
    ``check_yardsticks``.
    """
    if parts is not None:
        arrays = {
            f"{part}|{kind}|{name}": value for part in PARTS for kind, name, value in _arrays(getattr(parts, part))
        }
        write_atomically(folder / "problem.npz", lambda path: _save_arrays(path, arrays))
    write_json(
        folder / "problem.json",
        {
            "format": FORMAT,
            "name": problem.name,
            "summary": problem.summary,
            "in_memory": parts is not None,
            "fingerprint": fingerprint,
            "inputs": [asdict(vertex) for vertex in problem.inputs],
            "outputs": [{"name": o.name, **task_to_json(o.task)} for o in problem.outputs],
            "reference": dict(problem.reference),
            "ideal": dict(problem.ideal),
            "samplers": {name: asdict(scorer) for name, scorer in problem.samplers.items()},
            "transforms": dict(transforms),
            "yardsticks": dict(yardsticks),
            "notes": list(problem.notes),
        },
    )


def check_yardsticks(expected: Mapping[str, float], found: Mapping[str, float], where: Path) -> None:
    """Raise ``StoreError`` when samples would be judged by another yardstick than those that are there already.

    A yardstick is fitted, by a torch that may round otherwise on another machine; objectives of two that differ
    cannot be compared. Equal data measured by the same yardstick give the same distance between their own parts.
    """
    for output, value in expected.items():
        now = found.get(output, float("nan"))
        if not isclose(value, now, rel_tol=_SAME_YARDSTICK):
            raise StoreError(
                f"{where}: expected samples of {output!r} judged by a yardstick of floor {value:.6g}, got one of "
                f"{now:.6g}: it was fitted otherwise; use the torch of run.toml and the cache of fitted scorers"
            )


def load_in_memory_problem(folder: Path) -> Problem:
    """Read back a problem that was made of arrays."""
    data, parts = read_problem(folder), _read_parts(folder / "problem.npz")
    with whole(folder / "problem.json", "a whole problem"):
        return _problem(data, parts)


def read_problem(folder: Path) -> dict[str, Any]:
    """Return the content of ``problem.json``; raises ``StoreError`` for another format, or when a part is missing."""
    path = folder / "problem.json"
    with whole(path, "a whole problem"):
        data = dict(read_json(path))
    if data.get("format") != FORMAT:
        raise StoreError(f"{path}: expected format {FORMAT!r}, got {data.get('format')!r}; use a newer valpnas")
    if missing := sorted(_KEYS - set(data)):
        raise StoreError(f"{path}: expected the key {missing[0]!r}, got none; it was altered: take it from a copy")
    with whole(path, "bounds of every output"):
        for output in data["outputs"]:
            _ = data["reference"][output["name"]], data["ideal"][output["name"]]
    return data


def _problem(data: Mapping[str, Any], parts: Parts) -> Problem:
    return Problem(
        data["name"],
        data["summary"],
        tuple(Input(i["name"], tuple(i["shape"]), i["kind"], i["optional"]) for i in data["inputs"]),
        tuple(Output(o["name"], task_from_json({k: v for k, v in o.items() if k != "name"})) for o in data["outputs"]),
        lambda _: parts,
        data["reference"],
        data["ideal"],
        {name: SampleScorer(**scorer) for name, scorer in data["samplers"].items()},
        in_memory=True,
        notes=tuple(data.get("notes", ())),  # files of earlier versions have none
    )


def _arrays(part: Part) -> list[tuple[str, str, Any]]:
    inputs = [("inputs", name, value) for name, value in part.inputs.items()]
    return inputs + [("targets", name, value) for name, value in part.targets.items()]


def _save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    with path.open("wb") as file:  # an open file, because numpy would add .npz to the temporary name
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _read_parts(path: Path) -> Parts:
    with (
        explained(path, "read"),
        whole(path, "arrays"),
        path.open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        parts: dict[str, Part] = {name: Part({}, {}) for name in PARTS}
        for key in arrays.files:
            part, kind, name = key.split("|", 2)
            getattr(parts[part], kind)[name] = arrays[key]
    return Parts(**parts)
