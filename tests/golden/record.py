"""Record the golden runs: ``python -m tests.golden.record`` from the repository's root writes them anew.

Names of runs after it write those alone, and the proposals.

Do so only when a change of behaviour is meant, and say in the commit what changed and why.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import valpnas
from tests.golden.proposals import write_proposals
from valpnas.search import CHOOSERS, SEARCHES
from valpnas.search.kinds import counts_generations, has_chooser, search_class

FOLDER = Path(__file__).parent / "runs"
# Short on purpose: over so few batches the last bits of a loss stay the last bits. With torch's plain and AVX2 kernels,
# and MKL told to be compatible, these runs take the same steps and their objectives differ by less than 1e-6; after
# 500 batches, or past a change to an algorithm whose first step is a sign, they had parted.
SHORT: dict[str, Any] = {"initial_batches": 105, "batches_per_step": 10, "seed": 9}
BUDGET: dict[str, Any] = {**SHORT, "steps": 4, "final_decay": 0.1}  # the last step is in the decay
PLAIN: dict[str, Any] = {"start": "random", "select": "last"}
DEFAULT = "hill-climbing-by-gap"  # what a run is when nobody says otherwise: it is not plain
OF_POPULATIONS: dict[str, Any] = {**SHORT, "population": 3, "generations": 2, "initial_batches": 30}
OF_CELLS: dict[str, Any] = {"operations": ["identity", "3x3 conv"], "blocks": 2, "filters": 2, "motifs": 1}
OF_CELLS |= {"normal_cells": 1, "epochs": 1}
# Parameters are the same on every machine, seconds are not.
WEIGHED: dict[str, Any] = {"costs": ["parameters"], "children": 3, "exploration": 1}
DIGITS = 6  # of the objectives


def names() -> list[str]:
    """Return the golden runs there must be: each search with each chooser, or by itself if it has none."""
    chosen = [
        f"{search.name}-{chooser.name}" for search in SEARCHES if has_chooser(search.name) for chooser in CHOOSERS
    ]
    return [*chosen, *(search.name for search in SEARCHES if not has_chooser(search.name))]


def of_cells(name: str) -> dict[str, Any]:
    """Return the settings of a golden run of a search of cells."""
    ignored = {key.removeprefix("cell_search.") for key in search_class(name).ignores}
    drawn = {"networks": 8} if "networks" not in ignored else {}
    cells = {**OF_CELLS, **drawn, **{key: value for key, value in WEIGHED.items() if key not in ignored}}
    return {"search": name, "cell_search": cells, "seed": 9, **({"population": 4} if name == "cell-evolution" else {})}


def platform_name() -> str:
    """Return what the numbers depend on beyond rounding: torch's release and the kind of processor."""
    return f"torch {'.'.join(torch.__version__.split('.')[:2])} on {platform.machine()}"


def observe(name: str) -> list[dict[str, Any]]:
    """Make the run called ``name`` and return what it did, step by step."""
    if name in {entry.name for entry in SEARCHES}:
        return _observe("digits-class", of_cells(name))
    search = next(entry.name for entry in SEARCHES if name.startswith(f"{entry.name}-"))
    budget = OF_POPULATIONS if counts_generations(search) else {**BUDGET, **({} if name == DEFAULT else PLAIN)}
    return _observe("digits", {"search": search, "chooser": name.removeprefix(f"{search}-"), **budget})


def _observe(problem: str, settings: dict[str, Any]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        kept = {"out": f"{folder}/run", "device": "cpu", "report": False}
        run = valpnas.design(problem, **kept, **settings)
        events = [json.loads(line) for line in (run.path / "journal.jsonl").read_text().splitlines()]
    return [step for event in events if (step := _step(event))]


def _step(event: dict[str, Any]) -> dict[str, Any] | None:
    if event["event"] == "proposed":
        proposal = event["proposal"] or {"variant": "", "site": None}
        what = {"origin": event["origin"], "variant": proposal["variant"], "site": proposal["site"]}
        if event["parents"][1:]:
            what["donor"] = event["parents"][1]
        told = {key: event[key] for key in ("reason", "round") if key in event}
        return {"candidate": event["candidate"], "graph": event["graph"], **what, **told}
    if event["event"] == "trained":
        rounded = {name: float(f"{value:.{DIGITS}g}") for name, value in event["objectives"].items()}
        return {"candidate": event["candidate"], "objectives": rounded}
    return {"candidate": event["candidate"], "verdict": event["event"]} if "candidate" in event else None


def main(wanted: Sequence[str]) -> None:
    """Write the golden runs whose names are ``wanted``, all of them if none is."""
    FOLDER.mkdir(exist_ok=True)
    for name in wanted or names():
        data = {"platform": platform_name(), "steps": observe(name)}
        (FOLDER / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")
    write_proposals()


if __name__ == "__main__":
    main(sys.argv[1:])
