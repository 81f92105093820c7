"""``valpnas show``, ``report``, ``watch`` and ``sample``: what a run has made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from valpnas.commands.options import AsJson, RunPath, option
from valpnas.commands.printing import console, print_run


def show(
    path: RunPath,
    last: Annotated[int, typer.Option(help="How many of the latest candidates to show with their reasons.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show a run: its front, what it tried and why, where its seconds went."""
    from valpnas import run as runs

    print_run(runs.load(path), as_json, last)


def report(
    path: RunPath,
    out: Annotated[Path | None, option("The file; report.html in the run directory if not given.")] = None,
) -> None:
    """Write a run's page: model, losses, front, family tree, predictions, in one file that opens offline."""
    from valpnas import run as runs
    from valpnas.reporting import write_report

    typer.echo(f"report: {write_report(runs.load(path), out)}")


def watch(
    path: RunPath,
    once: Annotated[bool, typer.Option("--once", help="Print one view and end.")] = False,
) -> None:
    """Watch a run from another terminal until it ends: steps, front, reasons, time left. Ctrl-C stops watching only."""
    try:
        from valpnas.report.watch_terminal import watch as watched

        watched(path, console(), once)
    except KeyboardInterrupt:  # the way to stop watching, and nothing went wrong
        raise typer.Exit from None


def sample(
    path: RunPath,
    out: Annotated[Path, typer.Option(help="A .png for images, or a .csv.")] = Path("samples.png"),
    output: Annotated[str | None, option("Which output, where several generate.")] = None,
    candidate: Annotated[int | None, option("A model on the front; the best of that output if not given.")] = None,
    count: Annotated[int, typer.Option(help="How many.")] = 64,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
) -> None:
    """Draw new samples from a model of a run."""
    from valpnas import run as runs
    from valpnas.sampling import write_samples

    typer.echo(write_samples(runs.load(path), out, output, candidate, count, seed))
