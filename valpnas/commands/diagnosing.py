"""``valpnas diagnose``: what the diagnostics see in one model, and what they ask for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from valpnas.commands.options import AsJson, DataDir, option
from valpnas.commands.printing import console
from valpnas.errors import ConfigError


def diagnose(
    path: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A run directory.", show_default=False)] = None,
    candidate: Annotated[
        int | None, option("A kept model; of the front, the one with the lowest mean log objective if not given.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Look again although the run has findings.")] = False,
    graph: Annotated[Path | None, option("Instead of RUN: a VALP's JSON.")] = None,
    weights: Annotated[Path | None, option("Its weights, a .safetensors of valpnas.")] = None,
    problem: Annotated[str | None, option("The problem it was made on.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Look inside a trained model: what each output needs, which outputs learn, and what to change first."""
    from valpnas.diagnosing import diagnose_files, diagnose_run
    from valpnas.report.diagnosis import Diagnosis

    def looked() -> Diagnosis:
        if path is not None and graph is None and weights is None and problem is None:
            from valpnas import run as runs

            return diagnose_run(runs.load(path), candidate, fresh, data_dir)
        if path is None and graph and weights and problem:
            _refuse_of_runs(candidate, fresh)
            return diagnose_files(graph, weights, problem, data_dir)
        raise ConfigError("expected either RUN, or --graph, --weights and --problem together; give one of the two")

    made = looked()
    if as_json:
        typer.echo(json.dumps(made.to_json(), indent=1))
        return
    from valpnas.report.diagnosis_terminal import print_diagnosis

    print_diagnosis(made, console())


def _refuse_of_runs(candidate: int | None, fresh: bool) -> None:
    """Raise ``ConfigError`` where an option was given that only a run has."""
    if candidate is not None:
        raise ConfigError(
            f"--candidate: expected RUN with it, got {candidate} with --graph, a saved model; leave one of the two out"
        )
    if fresh:
        raise ConfigError(
            "--fresh: expected RUN with it, got --graph, a saved model, which is always looked at; leave it out"
        )
