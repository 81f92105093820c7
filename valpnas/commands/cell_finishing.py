"""``valpnas cell select`` and ``valpnas cell final``: what comes after a search of cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from valpnas.commands.interruption import interruptible
from valpnas.commands.options import AsJson, DataDir, RunPath, option, say
from valpnas.commands.printing import console, print_report

Epochs = Annotated[int | None, option("Epochs of each training; the schedule is stretched to them.")]
BatchSize = Annotated[int, typer.Option(help="Rows per batch, the learning rate in proportion; 0 for the search's.")]
DropPath = Annotated[float | None, option("Chance of a path to be left out at the end: 0.4, of series 0.6.")]
Smoothing = Annotated[float | None, option("Part of a class's share that is spread over all: 0.1.")]
Cutout = Annotated[float | None, option("Part of an image's sides that is blackened: 0.25.")]
SecondExit = Annotated[bool | None, option("A classifier at two thirds of the way, trained along: yes.")]
Seed = Annotated[int | None, option("Seed of all randomness: the search's.")]
Device = Annotated[str, option("auto, cpu or cuda[:i]: the search's.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no messages.")]
Report = Annotated[bool, option("Write the page of each run, report.html, at its end.")]
Source = Annotated[
    Path, typer.Argument(metavar="RUN|SELECTION", help="A run directory, or what `cell select` made.")
]  # fmt: skip


def select(
    path: RunPath,
    top: Annotated[int, typer.Option(help="Cells to train, the best of the run.")] = 5,
    parameters: Annotated[
        tuple[int, int] | None,
        option("Also train larger stacks with more parameters than MIN and fewer than MAX.", metavar="MIN MAX"),
    ] = None,
    epochs: Epochs = None,
    batch_size: BatchSize = 0,
    drop_path: DropPath = None,
    label_smoothing: Smoothing = None,
    cutout: Cutout = None,
    second_exit: SecondExit = None,
    seed: Seed = None,
    device: Device = "",
    data_dir: DataDir = None,
    out: Annotated[Path | None, option("Folder for a run per training; RUN-selection.")] = None,
    report: Report = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train the best cells of a run for long, also in larger stacks, and rank them by accuracy on validation rows.

    This is the model selection of POPNASv3: 200 epochs (100 of series) with cosine decay, drop path, label smoothing,
    cutout and a second exit, all else as in the search. With --parameters, each cell is also stacked with 0 or 1 motif
    and 0, 1 or 2 normal cells more, and with most filters of 0.85, 1, 1.5, 1.75 and 2 times the search's that keep
    between MIN and MAX. What was trained before is not trained again: call it again to go on.
    """
    from valpnas.finishing.selection import Selection
    from valpnas.finishing.selection import select as selected
    from valpnas.opened_run import Run

    training = _training(
        epochs, batch_size, drop_path, label_smoothing, cutout, second_exit, seed, device, data_dir, report,
        quiet or as_json,
    )  # fmt: skip
    asked = Selection(top, parameters, training, str(out) if out else "")
    with interruptible(path, "trainings that have ended are kept: the same command goes on"):
        made = selected(Run(path), asked, say(training.quiet))
    if as_json:
        typer.echo(json.dumps(made, indent=1))
    else:
        _print_ranking(made)


def final(
    source: Source,
    epochs: Epochs = None,
    batch_size: BatchSize = 0,
    drop_path: DropPath = None,
    label_smoothing: Smoothing = None,
    cutout: Cutout = None,
    second_exit: SecondExit = None,
    seed: Seed = None,
    device: Device = "",
    data_dir: DataDir = None,
    out: Annotated[Path | None, option("Run directory to make; SELECTION-final or RUN-final.")] = None,
    report: Report = True,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train the best of a selection on training and validation rows together, and look at the test rows once.

    This is the final training of POPNASv3: 600 epochs (200 of series), all else as in the selection; the last weights
    count. Of a run that nothing was selected from it is the best cell as it was stacked there. What it leaves is a run
    that the other commands open. Call it again to go on with one that was stopped.
    """
    from valpnas.finishing.final import as_text, final_outcome, train_final

    training = _training(
        epochs, batch_size, drop_path, label_smoothing, cutout, second_exit, seed, device, data_dir, report,
        quiet or as_json,
    )  # fmt: skip
    with interruptible(source, "the same command goes on"):
        trained = train_final(source, training, say(training.quiet), str(out) if out else "")
    made = final_outcome(trained)
    typer.echo(json.dumps(made, indent=1) if as_json else "\n".join(as_text(made)))
    print_report(trained, training.quiet)


def _training(
    epochs: int | None, batch_size: int, drop_path: float | None, label_smoothing: float | None, cutout: float | None,
    second_exit: bool | None, seed: int | None, device: str, data_dir: Path | None, report: bool, quiet: bool,
) -> Any:  # fmt: skip
    from valpnas.finishing.long_training import LongTraining

    folder = str(data_dir.absolute()) if data_dir else ""
    return LongTraining(
        epochs, batch_size, drop_path, label_smoothing, cutout, second_exit, seed, device, folder, quiet, report
    )


def _print_ranking(made: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table()
    heads = (
        "rank",
        "cell of",
        "validation",
        "in search",
        "motifs",
        "normal",
        "filters",
        "parameters",
        "seconds",
        "run",
    )
    for head in heads:
        table.add_column(head, justify="left" if head == "run" else "right")
    for row in made["ranking"]:
        table.add_row(*_entries(row))
    console().print(table)
    for candidate, cell in {row["candidate"]: row["cell"] for row in made["ranking"]}.items():
        typer.echo(f"candidate {candidate}: {cell}")
    if not all(row["original"] for row in made["ranking"]):
        typer.echo("* stacked otherwise than in the search")
    for row in made["ranking"]:
        if row["failure"]:
            typer.echo(f"{row['run']} has failed: {row['failure']}")
    typer.echo(f"selection: {made['path']}; `valpnas cell final {made['path']}` trains the first for good")


def _entries(row: dict[str, Any]) -> list[str]:
    failed = bool(row["failure"])
    return [
        str(row["rank"]),
        str(row["candidate"]),
        "failed" if failed else f"{row['validation_accuracy']:.4f}",
        f"{row['search_accuracy']:.4f}",
        *(str(row[name]) for name in ("motifs", "normal_cells", "filters")),
        f"{row['parameters']:,}" + ("" if row["original"] else " *"),
        "-" if failed else f"{row['training_seconds']:.1f}",
        row["run"],
    ]
