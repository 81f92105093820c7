"""kill: runs of every search are killed at random instants and resumed; each must become the run nobody killed.

    python benchmarks/kill.py 200

Each case - a search, a chooser, rules, a problem - is run once undisturbed. Then the same run is begun again in a
process of its own and killed with SIGKILL after a random time, resumed, killed again, and so on until one lives to its
end. Journal, graphs, weights with optimiser state, diagnostics and test objectives must then equal the undisturbed
run's, byte for byte but for times. Exits with 1 when one does not.
"""

from __future__ import annotations

import argparse
import faulthandler
import itertools
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from valpnas.config_tables import config_from
from valpnas.contracts.problem import Problem
from valpnas.resuming import resume
from valpnas.run import design
from valpnas.search import CHOOSERS, SEARCHES
from valpnas.search.build import ignored
from valpnas.search.kinds import search_class
from valpnas.testing.runs import contents

_SHORT = {"initial_batches": 24, "batches_per_step": 12, "device": "cpu", "report": False}
_BUDGETS: dict[str, dict[str, Any]] = {"steps": {"steps": 6}, "generations": {"population": 4, "generations": 2}}
# Parameters are the same in each run, seconds are not.
_CELLS = {"operations": ["identity", "3x3 conv"], "blocks": 2, "networks": 8, "filters": 2, "motifs": 1, "epochs": 1}
_CELLS |= {"normal_cells": 1, "costs": ["parameters"], "children": 3, "exploration": 1}
_RULES: tuple[dict[str, Any], ...] = (
    {"accept": "majority", "rejected": "train-parent"},
    {"accept": "archive", "rejected": "discard"},
    {"accept": "dominates", "rejected": "discard", "start": "deep", "start_parameters": 5000},
)
_KILLS_PER_RUN = 4.0  # expected; more would let no run come to its end
_PATIENCE = 120.0  # seconds until a child that hangs says where and fails


@dataclass(frozen=True)
class Case:
    """A run to be killed."""

    problem: str
    settings: dict[str, Any]

    def advance(self, folder: Path) -> None:
        """Do what a person does after a crash: resume, or start over where there is no run yet."""
        if (folder / "run.toml").exists():
            resume(folder, lambda _: None)
        else:
            design(_in_memory() if self.problem == "in memory" else self.problem, out=str(folder), **self.settings)


def cases() -> list[Case]:
    """Return every search with every chooser, if it has one, the rules and the problems taking turns.

    Searches of cells come first, then the others one after the other with each chooser, so that a few kills hit all of
    them. Rules and budgets that a search does not take are left out.
    """
    problems = itertools.cycle(("digits", "in memory", "in memory"))
    rounds = itertools.product(_RULES, CHOOSERS)
    of_cells = [search.name for search in SEARCHES if search_class(search.name).trains_cells]
    others = [search.name for search in SEARCHES if search.name not in of_cells]
    return [Case("digits-class", _of_cells(search)) for search in of_cells] + [
        Case(next(problems), _settings(search, chooser.name, rules)) for rules, chooser in rounds for search in others
    ]


def _settings(search: str, chooser: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    given = {**_SHORT, **_BUDGETS[search_class(search).budget], **rules, "chooser": chooser}
    left_out = ignored(config_from({"problem": "digits", "search": search}), given)
    return {"search": search, **{key: value for key, value in given.items() if key not in left_out}}


def _of_cells(search: str) -> dict[str, Any]:
    cells = {key: value for key, value in _CELLS.items() if f"cell_search.{key}" not in search_class(search).ignores}
    size = {"population": 4} if search == "cell-evolution" else {}
    return {"search": search, "cell_search": cells, "device": "cpu", "report": False, **size}


def kill(case: Case, folder: Path, wait: float) -> bool:
    """Advance the run in a child process and kill it after ``wait`` seconds; say whether it was still at work.

    Raises:
        RuntimeError: the child failed by itself.
    """
    child = os.fork()
    if child == 0:
        _work(case, folder)
    deadline = time.monotonic() + wait
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.0005)
    if ended == (0, 0):
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)
    status = ended[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError(f"{case} in {folder}: expected a run that ends or can be resumed; it failed or hung")
    return os.WIFSIGNALED(status)


def phase(folder: Path) -> str:
    """Say what the run was at when it was killed."""
    if not (folder / "run.toml").exists():
        return "making the run folder"
    lines = (folder / "journal.jsonl").read_bytes().split(b"\n") if (folder / "journal.jsonl").exists() else []
    whole = [line for line in lines[:-1] if line]
    return _PHASES[_kind(whole[-1])] if whole else "reading the data of a new run"


_PHASES = {
    "proposed": "training, evaluating or writing weights",
    "trained": "judging a candidate",
    "failed": "judging a candidate",
    "accepted": "choosing a change",
    "rejected": "choosing a change",
    "ended": "writing the summary",
}


def _kind(line: bytes) -> str:
    return next(kind for kind in _PHASES if f'"event": "{kind}"'.encode() in line)


def _work(case: Case, folder: Path) -> None:
    """Be the child: never returns."""
    faulthandler.dump_traceback_later(_PATIENCE, exit=True)
    tqdm.set_lock(threading.RLock())  # tqdm's own is shared with the parent, and a child killed holding it keeps it
    try:
        case.advance(folder)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _in_memory() -> Problem:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((80, 3)), rng.standard_normal((80, 2))
    return Problem.from_arrays({"x": x, "y": y}, {"side": (x[:, 0] > y[:, 0]).astype(int), "sum": x.sum(axis=1)})


def campaign(kills: int, seed: int, folder: Path) -> Iterator[tuple[Case, list[str], bool]]:
    """Yield (case, what each kill hit, whether the resumed run is the unkilled one) until ``kills`` were made."""
    rng = np.random.default_rng(seed)
    known: dict[int, tuple[dict[str, Any], float]] = {}
    made, every = 0, cases()
    for turn in itertools.count():
        case, number = every[turn % len(every)], turn % len(every)
        if number not in known:
            known[number] = _undisturbed(case, folder / f"whole-{number}")
        expected, seconds = known[number]
        hits = list(_harass(case, folder / "killed", rng, seconds / _KILLS_PER_RUN, kills - made))
        yield case, hits, contents(folder / "killed") == expected
        shutil.rmtree(folder / "killed")
        made += len(hits)
        if made >= kills:
            return


def _undisturbed(case: Case, folder: Path) -> tuple[dict[str, Any], float]:
    started = time.perf_counter()
    case.advance(folder)
    return contents(folder), time.perf_counter() - started


def _harass(case: Case, folder: Path, rng: np.random.Generator, mean: float, most: int) -> Iterator[str]:
    """Kill and resume until the run ends, at most ``most`` times; yield what each kill hit."""
    for _ in range(most):
        if not kill(case, folder, float(rng.exponential(mean))):
            return
        yield phase(folder)
    kill(case, folder, float("inf"))


def main() -> None:
    """Kill as often as asked; print what was hit and what came of it."""
    parser = argparse.ArgumentParser(description="Kill runs of every search at random instants and resume them.")
    parser.add_argument("kills", type=int, help="how many kills")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    asked = parser.parse_args()
    torch.set_num_threads(1)  # a forked process has one thread only
    phases: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    altered: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for case, hits, same in campaign(asked.kills, asked.seed, Path(scratch)):
            name = f"{case.settings['search']} {case.settings.get('chooser', '')}".strip()
            phases.update(hits)
            runs[name] += 1
            altered[name] += not same
    print(f"{sum(phases.values())} kills, seed {asked.seed}, while the run was")
    for what, count in phases.most_common():
        print(f"  {count:5d}  {what}")
    for name, count in runs.items():
        print(f"{name}: {count} runs killed and resumed, {altered[name]} differ from the unkilled run")
    sys.exit(1 if altered.total() else 0)


if __name__ == "__main__":
    main()
