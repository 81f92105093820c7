"""workers: candidates per second with worker processes beside those of one process, on this machine in one sitting.

    python benchmarks/workers.py --workers 2 --candidates 64

The same search - `nsga2`, generations of eight gentle changes, on digits - is run with `serial` and with `processes`;
both runs must be equal. Candidates are counted after the starts, when the workers have begun; what beginning takes is
printed apart. CPU seconds are those of the parent and of its workers: on a machine that is busy otherwise they say what
an idle one could do at best, for the parent's work cannot be shared.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valpnas.run import design
from valpnas.testing.runs import contents

_POPULATION = 8


@dataclass(frozen=True)
class Measured:
    """Seconds of a run after its starts were trained, before that, and of CPU in the parent and in its workers."""

    name: str
    candidates: int
    seconds: float
    beginning: float
    parent: float
    workers: float

    @property
    def rate(self) -> float:
        """Candidates per second."""
        return self.candidates / self.seconds


class Clock(threading.Thread):
    """Notes when the journal has so many results."""

    def __init__(self, journal: Path, results: int) -> None:
        """Watch the file ``journal``."""
        super().__init__(daemon=True)
        self.journal, self.results, self.at = journal, results, 0.0

    def run(self) -> None:
        """Look every few milliseconds."""
        while not self.at:
            if self.journal.exists() and self.journal.read_bytes().count(b'"event": "trained"') >= self.results:
                self.at = time.perf_counter()
            time.sleep(0.02)


def measure(name: str, workers: int, candidates: int, batches: int, folder: Path) -> Measured:
    """Run the search and return what it took."""
    clock = Clock(folder / "journal.jsonl", _POPULATION)
    clock.start()
    began, own, others = time.perf_counter(), _cpu(resource.RUSAGE_SELF), _cpu(resource.RUSAGE_CHILDREN)
    settings: dict[str, Any] = {
        "search": "nsga2", "chooser": "random-gentle", "population": _POPULATION,
        "generations": candidates // _POPULATION, "batches_per_step": batches, "initial_batches": batches,
    }  # fmt: skip
    several = workers if name != "serial" else 1
    design("digits", out=str(folder), executor=name, workers=several, device="cpu", report=False, **settings)
    ended = time.perf_counter()
    return Measured(
        name,
        settings["generations"] * _POPULATION,
        ended - clock.at,
        clock.at - began,
        _cpu(resource.RUSAGE_SELF) - own,
        _cpu(resource.RUSAGE_CHILDREN) - others,
    )


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--candidates", type=int, default=64, help="a multiple of eight")
    parser.add_argument("--batches", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        runs = {name: Path(scratch) / name for name in ("serial", "processes")}
        rows = [measure(n, asked.workers, asked.candidates, asked.batches, folder) for n, folder in runs.items()]
        same = contents(runs["serial"]) == contents(runs["processes"])
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {asked.workers} workers, {asked.batches} batches each"
    )
    for row in rows:
        print(
            f"{row.name:10s} {row.rate:6.2f} candidates/s, begun in {row.beginning:.1f} s, "
            f"CPU {row.parent:.1f} s in the parent and {row.workers:.1f} s in workers"
        )
    print(f"processes / serial: {rows[1].rate / rows[0].rate:.2f}; the runs are {'equal' if same else 'DIFFERENT'}")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
