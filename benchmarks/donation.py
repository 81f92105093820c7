"""donation: how often does what a donor gives make its host's weakest output better?

    python benchmarks/donation.py RUN [--batches 200] [--csv FILE]

Of every kept model of a run the output is taken in which it ranks worst among the others. The best other model in that
output that fits donates, and host with donation and host without are trained for equally many batches, under equal
streams and a constant learning rate. Prints the output's objective before, after a donation, and after the same
training alone, and the same for all other outputs together (mean log objective), and how often a donation was better.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import exp, log
from pathlib import Path

from valpnas import catalog
from valpnas.contracts.job import Job, JobRecord
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator, Site, vary
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.opened_run import Run
from valpnas.run import load
from valpnas.seeding import stream
from valpnas.store.run_directory import RunDirectory
from valpnas.training.device import small_network_settings
from valpnas.training.engine import PlainEngine
from valpnas.training.evaluation import Evaluator
from valpnas.training.objectives import constant_losses
from valpnas.training.trainer import JobTrainer

NAME = "donate_exclusive_subgraph"
Objectives = Mapping[str, float]


@dataclass(frozen=True)
class Row:
    """One donation. ``others`` are geometric means of the objectives that were not donated."""

    host: int
    donor: int
    output: str
    before: float
    donated: float
    trained: float
    others_before: float
    others_donated: float
    others_trained: float


class Bench:
    """A run's kept models, and a trainer for more."""

    def __init__(self, run: Run, batches: int) -> None:
        """Open ``run``; every model is trained for ``batches``."""
        tasks = {output.name: output.task for output in run.problem.outputs}
        evaluator = Evaluator.fit(run.prepared, constant_losses(tasks, run.prepared.train))
        engine, seed = PlainEngine(), run.config.seed
        self._trainer = JobTrainer(run.prepared, evaluator, engine, lambda *name: stream(seed, "benchmark", *name))
        self._protocol = Protocol(batches, Schedule("constant"))
        directory = RunDirectory(run.path)
        scored = {event["candidate"]: event["objectives"] for event in directory.journal.of("trained")}
        self.models = {candidate: directory.model(candidate) for candidate in directory.kept()}
        self.objectives = {c: {o: scored[c][o] for o in tasks} for c in self.models}
        self.operator: Operator = catalog.operators(run.config.space)[NAME]
        self.seed = seed

    def train(self, number: int, model: Model) -> Objectives:
        """Return the objectives after training; raises ``RuntimeError`` when it failed."""
        result = self._trainer(Job(JobRecord(number, (), "continue", "", self._protocol), model))
        if result.failed:
            raise RuntimeError(result.reason)
        return result.objectives


def weakest(bench: Bench, host: int) -> str:
    """Return the output in which ``host`` ranks worst among the other models."""
    own = bench.objectives[host]
    better = {o: sum(other[o] < own[o] for other in bench.objectives.values()) for o in own}
    return max(better, key=lambda output: (better[output], output))


def donation(bench: Bench, host: int) -> Row | None:
    """Make the donation that ``host`` could do with; None when nobody better fits."""
    output, own = weakest(bench, host), bench.objectives[host]
    site, model = Site(outputs=(output,)), bench.models[host]
    ranked = sorted(bench.models, key=lambda candidate: (bench.objectives[candidate][output], candidate))
    for donor in (c for c in ranked if bench.objectives[c][output] < own[output]):
        if bench.operator.fits(model.valp, bench.models[donor].valp, site):
            rng = stream(bench.seed, "benchmark", host)
            child = vary(bench.operator, (model, bench.models[donor]), site, rng)
            after = [own, bench.train(host, child), bench.train(host, model)]
            rest = [mean({name: value for name, value in found.items() if name != output}) for found in after]
            return Row(host, donor, output, *(found[output] for found in after), *rest)
    return None


def mean(objectives: Objectives) -> float:
    """Return the geometric mean; what is below a thousandth counts as a thousandth."""
    return exp(sum(log(max(value, 1e-3)) for value in objectives.values()) / len(objectives))


def told(rows: Sequence[Row]) -> list[str]:
    """Return the table and the counts."""
    lines = [f"{'host':>5} {'donor':>5} {'output':>10} {'before':>8} {'donated':>8} {'trained':>8}   others likewise"]
    for r in rows:
        others = f"{r.others_before:8.3f} {r.others_donated:8.3f} {r.others_trained:8.3f}"
        lines.append(
            f"{r.host:5} {r.donor:5} {r.output:>10} {r.before:8.3f} {r.donated:8.3f} {r.trained:8.3f} {others}"
        )
    n = len(rows)
    lines.append(f"weak output better than before: {sum(r.donated < r.before for r in rows)} of {n}")
    lines.append(f"  with the same training and no donation: {sum(r.trained < r.before for r in rows)} of {n}")
    lines.append(f"  better than by that training alone: {sum(r.donated < r.trained for r in rows)} of {n}")
    lines.append(
        f"others better than by that training alone: {sum(r.others_donated < r.others_trained for r in rows)} of {n}"
    )
    return lines


def main(arguments: Sequence[str]) -> int:
    """Try a donation on every kept model of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--csv", type=Path)
    chosen = parser.parse_args(arguments)
    with small_network_settings():
        bench = Bench(load(chosen.run), chosen.batches)
        rows = [row for host in bench.models if (row := donation(bench, host)) is not None]
    print("\n".join(told(rows)))
    if chosen.csv:
        with chosen.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Row)])
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
