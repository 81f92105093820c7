"""optuna_peer: populations of valpnas beside Optuna's NSGA-II and TPE, at equal training seconds.

    python benchmarks/optuna_peer.py digits --pairs 10 --csv FILE

Per pair (one seed) four arms: `nsga2` and `hill-climbing` of valpnas, and Optuna's NSGA-II and TPE over the space of
`benchmarks/multi_head.py`, whose networks have the widths and depths that valpnas' have. All have the same data,
splits, losses, engine and objectives. An Optuna trial is a network trained from scratch, by default for the initial
batches and half of what a line of children may get after it, with a learning-rate schedule of its own of the same kind.
The training seconds that `nsga2` took are what each Optuna study of the pair gets; hill climbing gets equal batches.

With ``--csv`` the rows are written after every pair, and pairs that the file holds already are not measured again.

Validation chooses each arm's front, test reports its hypervolume, in the box that the problem fixes. Seconds are those
of training alone, one thread each. Needs Optuna: ``pip install 'valpnas[benchmarks]'``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from multi_head import MultiHead

from valpnas.contracts.job import Job, JobRecord
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.experiments.statistics import holm, signed_rank
from valpnas.graph.canonical import canonical_hash
from valpnas.networks.module import fresh_model
from valpnas.opened_run import Run
from valpnas.run import design
from valpnas.search.pareto import front, hypervolume
from valpnas.seeding import stream
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import read_test_objectives
from valpnas.training.device import small_network_settings
from valpnas.working import WorkerAt

Objectives = Mapping[str, float]
_VALUE: dict[Any, Callable[[str], Any]] = {"str": str, "int": int, "float": float}  # by annotation
PAPERS = {"chooser": "guided", "accept": "archive", "start": "random", "select": "last"}
PEERS: dict[str, Callable[[Any, int, int], Any]] = {
    "optuna-nsga2": lambda samplers, seed, size: samplers.NSGAIISampler(population_size=size, seed=seed),
    "optuna-tpe": lambda samplers, seed, _: samplers.TPESampler(seed=seed, multivariate=True, group=True),
}


@dataclass(frozen=True)
class Row:
    """What an arm had come to in a pair: hypervolumes of the front that validation chose, and what it cost."""

    problem: str
    arm: str
    pair: int
    validation: float
    test: float
    front: int
    candidates: int
    failed: int
    batches: int
    seconds: float
    parameters: float
    budget: str = ""


@dataclass
class Tally:
    """What was trained: objectives on validation and on test rows, parameters; and its cost."""

    validation: list[Objectives] = field(default_factory=list)
    test: list[Objectives] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    failed: int = 0
    batches: int = 0
    seconds: float = 0.0

    def row(self, problem: str, arm: str, pair: int, corners: tuple[Objectives, Objectives]) -> Row:
        """Return the row of an arm."""
        chosen = front(self.validation)
        on_validation, on_test = (
            hypervolume([part[i] for i in chosen if part[i]], *corners) for part in (self.validation, self.test)
        )
        size = fmean(self.parameters[i] for i in chosen) if chosen else 0.0
        return Row(
            problem=problem, arm=arm, pair=pair, validation=on_validation, test=on_test, front=len(chosen),
            candidates=len(self.validation), failed=self.failed, batches=self.batches,
            seconds=round(self.seconds, 2), parameters=round(size),
        )  # fmt: skip


def of_run(run: Run) -> Tally:
    """Return the tally of a run of valpnas."""
    journal, test, tally = RunDirectory(run.path).journal, read_test_objectives(run.path), Tally()
    for event in [*journal.of("trained"), *journal.of("failed")]:
        tally.batches += event["batches"]
        tally.seconds += event["seconds"].get("training", 0.0)
        if event["event"] == "failed":
            tally.failed += 1
            continue
        tally.validation.append(event["objectives"])
        tally.test.append(test.get(event["candidate"], {}))
        tally.parameters.append(event["parameters"])
    return tally


def import_optuna() -> Any:
    """Return the module; ends the program with one line when it is not installed."""
    try:
        import optuna
    except ImportError:
        sys.exit("expected Optuna, found none; `pip install 'valpnas[benchmarks]'` installs it")
    return optuna


def study(run: Run, arm: str, batches: int, seconds: float) -> Tally:
    """Let Optuna search until it has used so many ``seconds`` of training; the last trial may exceed them."""
    optuna = import_optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config, worker, tally = run.config, WorkerAt(run.path)(), Tally()
    space = MultiHead(run.problem, config.space, config.batch_size)
    names = [output.name for output in run.problem.outputs]
    sampler = PEERS[arm](optuna.samplers, config.seed, config.population)
    made = optuna.create_study(sampler=sampler, directions=["minimize"] * len(names))
    protocol = Protocol(batches, Schedule(config.schedule, config.final_decay), (0.0, 1.0))
    while tally.seconds < seconds:
        trial = made.ask()
        valp = space.valp(trial)
        model = fresh_model(valp, stream(config.seed, trial.number, "start"))
        (answer,) = worker([Job(JobRecord(trial.number, (), "start", canonical_hash(valp), protocol), model)])
        tally.batches += answer.result.batches
        tally.seconds += answer.result.seconds.get("training", 0.0)
        if answer.result.failed or answer.held_out is None:
            tally.failed += 1
            made.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        made.tell(trial, [answer.result.objectives[name] for name in names])
        tally.validation.append(answer.result.objectives)
        tally.test.append(answer.held_out.objectives)
        tally.parameters.append(answer.result.parameters)
    return tally


def pair(asked: argparse.Namespace, number: int, folder: Path) -> list[Row]:
    """Return the rows of one pair."""
    shared = {"initial_batches": asked.initial_batches, "batches_per_step": asked.batches_per_step, "seed": number}
    shared |= {"device": "cpu", "report": False}
    steps = max((_total(asked) - asked.initial_batches) // asked.batches_per_step, 0)
    budgets: dict[str, dict[str, Any]] = {
        "nsga2": {"population": asked.population, "generations": asked.generations},
        # Trials keep their last state, and so does this; the other keys are those that populations have by default.
        "hill-climbing": {"steps": steps, **PAPERS},
    }
    runs = {
        search: design(asked.problem, search=search, out=str(folder / f"{search}-{number}"), **shared, **budget)
        for search, budget in budgets.items()
    }
    tallies = {search: of_run(run) for search, run in runs.items()}
    reference = runs["nsga2"]
    trial = trial_batches(asked)
    for arm in PEERS:
        tallies[arm] = study(reference, arm, trial, tallies["nsga2"].seconds)
    kept = read_problem(reference.path)
    corners = (kept["reference"], kept["ideal"])
    rows = [tally.row(asked.problem, arm, number, corners) for arm, tally in tallies.items()]
    return [replace(row, budget=budget_of(asked)) for row in rows]


def told(rows: Sequence[Row]) -> list[str]:
    """Return the table of means, and each arm against `nsga2` by Wilcoxon's signed-rank test over the pairs.

    p is that of Holm, over the arms compared.
    """
    by_arm: dict[str, list[Row]] = {}
    for row in rows:
        by_arm.setdefault(row.arm, []).append(row)
    base = [row.test for row in by_arm["nsga2"]]
    found = {arm: signed_rank([row.test for row in own], base) for arm, own in by_arm.items() if arm != "nsga2"}
    corrected = dict(zip(found, holm([each.p for each in found.values()]), strict=True))
    lines = ["arm            validation   test  candidates failed seconds  against nsga2 on test: wins-ties-losses, p"]
    for arm, own in by_arm.items():
        mean = {name: fmean(getattr(row, name) for row in own) for name in ("validation", "test", "seconds")}
        counts = f"{fmean(row.candidates for row in own):10.1f} {fmean(row.failed for row in own):6.1f}"
        line = f"{arm:14s} {mean['validation']:10.4f} {mean['test']:6.4f} {counts} {mean['seconds']:7.1f}"
        duel = found.get(arm)
        versus = f"  {duel.wins}-{duel.ties}-{duel.losses}, p = {corrected[arm]:.3g}" if duel else ""
        lines.append(line + versus)
    return lines


def main(arguments: Sequence[str]) -> int:
    """Run the pairs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--population", type=int, default=8)
    parser.add_argument("--generations", type=int, default=10)
    parser.add_argument("--initial-batches", type=int, default=300)
    parser.add_argument("--batches-per-step", type=int, default=100)
    parser.add_argument("--trial-batches", type=int, default=0)
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args(arguments)
    import_optuna()  # before hours of the other arms
    rows = _read(asked.csv, asked) if asked.csv and asked.csv.exists() else []
    missing = sorted({*range(asked.pairs)} - {row.pair for row in rows})
    with tempfile.TemporaryDirectory() as scratch, small_network_settings():
        for number in missing:
            rows += pair(asked, number, Path(scratch))
            if asked.csv:
                _write(asked.csv, rows)
    print("\n".join(told(rows)))
    return 0


def _read(path: Path, asked: argparse.Namespace) -> list[Row]:
    """Return the rows of an earlier sitting; ends the program when they are of another problem or budget."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    wanted = (asked.problem, budget_of(asked))
    if others := {(line["problem"], line.get("budget", "none said")) for line in lines} - {wanted}:
        got = ": ".join(sorted(others)[0])
        sys.exit(f"{path}: expected rows of {': '.join(wanted)}, got {got}; name another file")
    return [Row(*(_VALUE[each.type](line[each.name]) for each in fields(Row))) for line in lines]


def _total(asked: argparse.Namespace) -> int:
    """Return the batches that each population gets."""
    return int(asked.population * (asked.initial_batches + asked.generations * asked.batches_per_step))


def trial_batches(asked: argparse.Namespace) -> int:
    """Return how long a trial trains: as long as a start and half of a line of children after it, if not said."""
    return int(asked.trial_batches or asked.initial_batches + asked.generations * asked.batches_per_step // 2)


def budget_of(asked: argparse.Namespace) -> str:
    """Return all that decides what a row's arms were given."""
    line = f"{asked.initial_batches} + {asked.generations} x {asked.batches_per_step}"
    return f"{asked.population} x ({line}) batches; trials of {trial_batches(asked)}"


def _write(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [each.name for each in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
