"""Final training: the best configuration trained on all rows but those of test and diagnostics, and evaluated once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from valpnas.cell_training import network_facts, network_line
from valpnas.config import JOINED, RunConfig
from valpnas.contracts.problem import Parts
from valpnas.errors import ConfigError
from valpnas.finishing.configurations import configuration
from valpnas.finishing.found import FoundCell, top_cells
from valpnas.finishing.long_training import LongTraining, beside, data_of, long_config, trained
from valpnas.finishing.selection import is_selected_from, is_selection, winner
from valpnas.networks.cell_spec import CellSpec
from valpnas.opened_run import Run
from valpnas.run_checks import check
from valpnas.searching import Say
from valpnas.training.engine import batches_per_epoch

EPOCHS = {"image": 600, "series": 200}


def train_final(source: Path, asked: LongTraining, say: Say, out: str = "") -> Run:
    """Train the best of the selection or run at ``source`` and return its run; one that is there is gone on with.

    Of a selection it is the first of the ranking, trained as it was but longer; of a run the best cell as it was
    stacked there, trained as a selection does.

    Raises:
        ValpnasError: there is nothing to train, or the folder holds something else.
    """
    selected = is_selection(source)
    run = winner(source) if selected else Run(source)
    if run.config.train_on == JOINED:
        raise ConfigError(
            f"{source}: expected a run that chose by validation rows, got a final training; name its source"
        )
    (found,) = top_cells(run, 1)
    asked = _as_selected(run.config, found.spec, asked) if selected else asked
    problem, parts = data_of(run, asked)
    path = Path(out) if out else beside(source, "final")
    config = final_config(run.config, found, problem.inputs[0].kind, parts, asked, path)
    check(config)  # what cannot be used is refused before anything is said
    if not selected:
        say(_without_selection(run))
    return trained(config, problem, say)


def _without_selection(run: Run) -> str:
    """Say that ``run`` itself is the source, and what a selection would do."""
    path = beside(run.path, "selection")
    taken = f"{run.path} is no selection: its best cell is trained, stacked as it was there"
    if is_selection(path) and is_selected_from(path, run):
        return f"note: {taken}; there is a selection from it, of which `valpnas cell final {path}` trains the first"
    return f"note: {taken}; `valpnas cell select {run.path}` first trains several of its cells for long, and ranks them"


def _as_selected(selected: RunConfig, spec: CellSpec, asked: LongTraining) -> LongTraining:
    """Return ``asked`` with what it leaves open as in the selection (POPNASv3 3.4)."""
    return replace(
        asked,
        drop_path=selected.drop_path if asked.drop_path is None else asked.drop_path,
        label_smoothing=selected.label_smoothing if asked.label_smoothing is None else asked.label_smoothing,
        cutout=selected.augmentation.cutout if asked.cutout is None else asked.cutout,
        second_exit=bool(spec.answers) if asked.second_exit is None else asked.second_exit,
    )


def final_config(
    base: RunConfig, found: FoundCell, kind: str, parts: Parts, asked: LongTraining, out: Path
) -> RunConfig:
    """Return the run file: training and validation rows together, the last weights."""
    rows, epochs = len(parts.train) + len(parts.validation), asked.epochs or EPOCHS[kind]
    spec = configuration(found, found.spec.macro, asked.second_exit is not False).spec
    config = long_config(base, spec, kind, rows, epochs, asked, out)
    return replace(config, select="last", train_on=JOINED)


def final_outcome(run: Run) -> dict[str, Any]:
    """Return what came of a final training as plain data; the accuracy is that on test rows.

    Raises:
        ConfigError: nothing was trained.
    """
    if not run.front:
        raise ConfigError(f"{run.path}: expected a trained network, got none; `valpnas show` says why")
    (member,) = run.front
    (output,), rows = member.validation, len(run.prepared.train)
    return {
        **network_facts(run),
        "rows": rows,
        "epochs": run.config.initial_batches // batches_per_epoch(rows, run.config.batch_size),
        "test_accuracy": 1 - member.test[output] if output in member.test else None,
    }


def as_text(made: Mapping[str, Any]) -> list[str]:
    """Return the lines that tell a person of a ``final_outcome``."""
    test = made["test_accuracy"]
    return [
        network_line(made),
        f"{made['epochs']} epochs on {made['rows']:,} rows, {made['parameters']:,} parameters; "
        f"{made['training_seconds']:.1f} s in training batches",
        f"test accuracy {'-' if test is None else f'{test:.4f}'}",
        *(f"note: {note}" for note in made["notes"]),
        f"run: {made['run']}",
    ]
