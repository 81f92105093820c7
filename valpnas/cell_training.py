"""Cell training: a stand-alone network of one cell, trained by the proxy protocol as a run like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from valpnas import run as runs
from valpnas.cells.macro import Macro
from valpnas.cells.text import read_cell, write_cell
from valpnas.config import RunConfig, data_folder
from valpnas.contracts.problem import Problem, Reader
from valpnas.errors import ConfigError
from valpnas.graph.tasks import Classification
from valpnas.networks.cell_spec import CellSpec
from valpnas.opened_run import Run
from valpnas.proxy_protocol import EPOCHS, kind_of, proxy_settings
from valpnas.run_checks import check_start
from valpnas.typed_tables import read_toml


@dataclass(frozen=True)
class CellStack:
    """A cell in text form, and how copies of it are stacked (POPNASv3 3.1).

    ``second_exit`` has a classifier at two thirds of the way trained along (facts B11).
    """

    text: str = "[]"
    filters: int = 24
    motifs: int = 3
    normal_cells: int = 2
    residual: bool = True
    second_exit: bool = False

    def network(self, problem: Problem) -> dict[str, Any]:
        """Return the description of the network that reads the one map of ``problem`` as it is.

        Raises:
            ConfigError: the problem has more than one map, or a second exit has not one output of classes to answer.
            InvalidValpError: the cell cannot be read, or does not fit the map.
        """
        if len(problem.inputs) != 1 or len(problem.inputs[0].shape) not in (2, 3):
            got = ", ".join(f"{i.name} {i.shape}" for i in problem.inputs)
            raise ConfigError(f"expected a problem of one series or image, got {got}; name another")
        channels, *extent = problem.inputs[0].shape
        macro = Macro(
            self.filters, self.motifs, self.normal_cells, self.residual, exits="two" if self.second_exit else "last"
        )
        exits = _answered(problem) if self.second_exit else ("", 0)
        spec = CellSpec(read_cell(self.text), macro, channels, tuple(extent), False, *exits)
        return {"kind": spec.kind, **spec.to_json()}


def _answered(problem: Problem) -> tuple[str, int]:
    """Return the output that a second exit answers, and its classes."""
    found = [
        (output.name, output.task.classes) for output in problem.outputs if isinstance(output.task, Classification)
    ]
    if len(found) != 1:
        got = ", ".join(name for name, _ in found) or "none"
        raise ConfigError(f"second exit: expected a problem with one output of classes, got {got}; leave it out")
    return found[0]


@dataclass(frozen=True)
class CellTraining:
    """What is trained and for how long; ``batch_size`` 0 is that of the protocol."""

    problem: str
    stack: CellStack
    epochs: int = EPOCHS
    batch_size: int = 0
    seed: int = 0
    device: str = "auto"
    data_dir: str = ""
    out: str = ""
    quiet: bool = False
    report: bool = True

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for no epoch at all or a negative batch size."""
        if self.epochs < 1:
            raise ConfigError(f"epochs: expected at least 1, got {self.epochs}")
        if self.batch_size < 0:
            raise ConfigError(f"batch_size: expected at least 1, or 0 for the protocol's, got {self.batch_size}")


def train_cell(asked: CellTraining, say: Callable[[str], None]) -> Run:
    """Train the network and return its run.

    Raises:
        ValpnasError: the cell, the problem or the folder cannot be used.
    """
    plain = RunConfig(asked.problem, data_dir=asked.data_dir)
    problem = runs.problem_of(plain)
    kind_of(problem)
    check_start(replace(plain, start="single", network=asked.stack.network(problem)), problem)  # before data are read
    parts = problem.load(Reader(data_folder(plain)))
    config = proxy_config(asked, problem, len(parts.train))
    if asked.stack.second_exit and not CellSpec.from_json(config.network).inner_exits:
        say("note: a second exit stands behind a cell before the last, and this network is of one cell: it has none")
    return runs.start(config, replace(problem, load=lambda _: parts), say, f"cell-{asked.problem}")


def proxy_config(asked: CellTraining, problem: Problem, rows: int) -> RunConfig:
    """Return the run file of a proxy training on ``rows`` training rows: a search of no steps after its start.

    Raises:
        ConfigError: the problem is no classification of one image or series.
    """
    settings = proxy_settings(problem, rows, asked.epochs, asked.batch_size)  # refuses other problems in better words
    return RunConfig(
        problem=asked.problem,
        start="single",
        network=asked.stack.network(problem),
        chooser="train-only",
        steps=0,
        **settings,
        seed=asked.seed,
        device=asked.device,
        data_dir=asked.data_dir,
        out=asked.out,
        quiet=asked.quiet,
        report=asked.report,
    )


def outcome(run: Run) -> dict[str, Any]:
    """Return what came of a training as plain data; accuracies by epoch and of the best, the test's once.

    Raises:
        ConfigError: nothing was trained.
    """
    if not run.front:
        reasons = [row["failure"] for row in run.history() if row.get("failure")]
        raise ConfigError(f"{run.path}: expected a trained network, got none ({'; '.join(reasons)}); train it again")
    (member,) = run.front
    output = next(iter(member.validation))
    curve = [1 - objectives[output] for objectives in run.curve(member.candidate)]
    return {
        **network_facts(run),
        "batch_size": run.config.batch_size,
        "device": _device(run),
        "accuracy_by_epoch": curve,
        "best_epoch": 1 + _epoch(run, member.candidate, len(curve)),
        "validation_accuracy": _accuracy(member.validation, output),
        "test_accuracy": _accuracy(member.test, output),
    }


def network_facts(run: Run) -> dict[str, Any]:
    """Return the one network that ``run`` trained, and what it took, as plain data.

    Raises:
        ValueError: it trained none, or several.
    """
    (member,), spec = run.front, CellSpec.from_json(run.config.network)
    return {
        "run": str(run.path),
        "problem": run.config.problem,
        "notes": list(run.summary()["notes"]),
        "cell": write_cell(spec.cell),
        "filters": spec.macro.filters,
        "motifs": spec.macro.motifs,
        "normal_cells": spec.macro.normal_cells,
        "residual": spec.macro.residual,
        "second_exit": spec.inner_exits is not None,  # a stack of one cell has none, whatever was asked
        "seed": run.config.seed,
        "parameters": member.parameters,
        "training_seconds": run.summary()["seconds"]["training"],
    }


def network_line(made: Mapping[str, Any]) -> str:
    """Return the line that tells a person of ``network_facts``."""
    stack = Macro(made["filters"], made["motifs"], made["normal_cells"]).written
    return (
        f"{made['cell']} on {made['problem']}: {stack}, {'' if made['residual'] else 'no residual, '}"
        f"{'second exit, ' if made['second_exit'] else ''}seed {made['seed']}"
    )


def _epoch(run: Run, candidate: int, epochs: int) -> int:
    """Return the epoch whose state was kept, from 0 on, told by the batches that the kept model was trained."""
    length = int(run.summary()["batches"]) // epochs
    return run.model(candidate).batches // length - 1


def _device(run: Run) -> str:
    """Return what the seconds were measured on, as the run file tells it."""
    return str(read_toml(run.path / "run.toml")["about"]["device"])


def _accuracy(objectives: Mapping[str, float], output: str) -> float | None:
    return 1 - objectives[output] if output in objectives else None


def as_text(made: Mapping[str, Any]) -> list[str]:
    """Return the lines that tell a person of an ``outcome``."""
    curve = made["accuracy_by_epoch"]
    lines = [f"{epoch:>4}  {accuracy:.4f}" for epoch, accuracy in enumerate(curve, 1)]
    lines[made["best_epoch"] - 1] += "  best"
    test = made["test_accuracy"]
    return [
        network_line(made),
        "epoch  validation accuracy",
        *lines,
        f"{made['parameters']:,} parameters; {made['training_seconds']:.1f} s in training batches of "
        f"{made['batch_size']} rows on {made['device']}",
        f"validation accuracy {made['validation_accuracy']:.4f}, test accuracy "
        + ("-" if test is None else f"{test:.4f}"),
        *(f"note: {note}" for note in made["notes"]),
        f"run: {Path(made['run'])}",
    ]
