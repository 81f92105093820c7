"""donation: how often does what a donor gives make its host's weakest output better, and how often another one worse?

    python benchmarks/donation.py RUN... [--batches 200] [--repeats 4] [--csv FILE]

Of every kept model of a run the output is taken in which it ranks worst among the others. The best other model in that
output that fits donates. The host with the donation is trained on, and the host without it ``--repeats`` times, each
under a stream of its own and at a constant learning rate. What training without a change scatters by is the noise: an
output counts as worse beyond it when it is worse than after each of these trainings, as better when it is better than
after each. If the donation did nothing, either would happen once in ``repeats + 1`` times.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

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
    """An output of a host of ``run``: the one that was donated (``weak``), or another. Objectives on validation rows.

    ``best``, ``median`` and ``worst`` are those after the trainings without a change.
    """

    run: str
    host: int
    donor: int
    output: str
    weak: bool
    before: float
    donated: float
    best: float
    median: float
    worst: float


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
        self.seed, self.name = seed, run.path.name

    def train(self, number: int, model: Model) -> Objectives:
        """Return the objectives after training by stream ``number``; raises ``RuntimeError`` when it failed."""
        result = self._trainer(Job(JobRecord(number, (), "continue", "", self._protocol), model))
        if result.failed:
            raise RuntimeError(result.reason)
        return result.objectives


def weakest(bench: Bench, host: int) -> str:
    """Return the output in which ``host`` ranks worst among the other models."""
    own = bench.objectives[host]
    better = {o: sum(other[o] < own[o] for other in bench.objectives.values()) for o in own}
    return max(better, key=lambda output: (better[output], output))


def donation(bench: Bench, host: int, repeats: int) -> list[Row]:
    """Make the donation that ``host`` could do with; nothing when nobody better fits."""
    output, own = weakest(bench, host), bench.objectives[host]
    site, model = Site(outputs=(output,)), bench.models[host]
    ranked = sorted(bench.models, key=lambda candidate: (bench.objectives[candidate][output], candidate))
    for donor in (c for c in ranked if bench.objectives[c][output] < own[output]):
        if bench.operator.fits(model.valp, bench.models[donor].valp, site):
            rng = stream(bench.seed, "benchmark", host)
            child = vary(bench.operator, (model, bench.models[donor]), site, rng)
            numbers = range(host * (repeats + 1), (host + 1) * (repeats + 1))
            donated, *unchanged = (bench.train(n, child if n == numbers[0] else model) for n in numbers)
            return [_row(bench.name, host, donor, name, name == output, own, donated, unchanged) for name in own]
    return []


def _row(
    run: str,
    host: int,
    donor: int,
    name: str,
    weak: bool,
    own: Objectives,
    donated: Objectives,
    unchanged: Sequence[Objectives],
) -> Row:
    noise = [found[name] for found in unchanged]
    return Row(run, host, donor, name, weak, own[name], donated[name], min(noise), median(noise), max(noise))


def told(rows: Sequence[Row], repeats: int) -> list[str]:
    """Return the table and the counts."""
    lines = ["         run  host donor     output   before  donated | without: best  median   worst"]
    for r in rows:
        noise = f"{r.best:13.3f} {r.median:7.3f} {r.worst:7.3f}"
        lines.append(
            f"{r.run:>12}{r.host:6} {r.donor:5} {r.output:>9}{'*' if r.weak else ' '} "
            f"{r.before:8.3f} {r.donated:8.3f} {noise}"
        )
    for what, part in (
        ("weak output (*)", [r for r in rows if r.weak]),
        ("other outputs", [r for r in rows if not r.weak]),
    ):
        n = len(part)
        lines += [
            f"{what} better than before: {sum(r.donated < r.before for r in part)} of {n}",
            f"  with the same training and no donation (median): {sum(r.median < r.before for r in part)} of {n}",
            f"  better beyond the noise of no change: {sum(r.donated < r.best for r in part)} of {n}",
            f"  worse beyond the noise of no change: {sum(r.donated > r.worst for r in part)} of {n}",
        ]
    return [*lines, f"by chance alone, either would happen to {1 / (repeats + 1):.0%}"]


def main(arguments: Sequence[str]) -> int:
    """Try a donation on every kept model of each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=4, help="trainings without a change")
    parser.add_argument("--csv", type=Path)
    chosen = parser.parse_args(arguments)
    with small_network_settings():
        benches = [Bench(load(run), chosen.batches) for run in chosen.runs]
        rows = [r for bench in benches for host in bench.models for r in donation(bench, host, chosen.repeats)]
    print("\n".join(told(rows, chosen.repeats)))
    if chosen.csv:
        with chosen.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Row)])
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
