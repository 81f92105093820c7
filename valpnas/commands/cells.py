"""``valpnas cell``: the commands on stand-alone networks of cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from valpnas.commands import cell_finishing, cell_showing
from valpnas.commands.options import AsJson, CellText, DataDir, option, say
from valpnas.commands.printing import print_report

cell = typer.Typer(name="cell", help="Networks that stack one cell, in the manner of POPNAS.", no_args_is_help=True)


@cell.callback()
def commands() -> None:
    """Networks that stack one cell, in the manner of POPNAS."""


cell.command()(cell_showing.show)


@cell.command()
def train(
    text: CellText,
    problem: Annotated[
        str,
        typer.Option(
            help="A problem of one image or one series, and of one output of classes: digits-class, ucr:NAME.",
            show_default=False,
        ),
    ],
    filters: Annotated[int, typer.Option(help="Channels of the first cells.")] = 24,
    motifs: Annotated[int, typer.Option(help="Motifs.")] = 3,
    normal_cells: Annotated[int, typer.Option(help="Normal cells of a motif.")] = 2,
    residual: Annotated[bool, typer.Option(help="Each cell adds what it reads to what it emits.")] = True,
    second_exit: Annotated[
        bool, typer.Option("--second-exit", help="Train a classifier at two thirds of the way along.")
    ] = False,
    epochs: Annotated[int, typer.Option(help="Epochs; the schedule is stretched to them.")] = 21,
    batch_size: Annotated[int, typer.Option(help="Rows per batch; 0 for the protocol's.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda[:i].")] = "auto",
    data_dir: DataDir = None,
    out: Annotated[Path | None, option("Run directory to make.")] = None,
    report: Annotated[bool, option("Write the run's page, report.html, at its end.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train one network by the proxy protocol, and make a run of it that the other commands can open.

    The protocol is that of the POPNASv3 search: AdamW at 0.01 with cosine restarts (epochs 3 and 9 of 21), weight decay
    0.05 for images and 0.1 for series, drop path 0.2 for series, images moved and mirrored where the problem allows
    it; batches of 128, of series as many rows, from 32 to 128, as leave ten batches to an epoch. The epoch that is best
    on validation rows counts; test rows are looked at once. Seconds are those of training batches alone.
    """
    from valpnas.search.naming import check_names

    check_names({"problem": problem})  # before what takes seconds to import
    from valpnas.cell_training import CellStack, CellTraining, as_text, outcome, train_cell

    asked = CellTraining(
        problem,
        CellStack(text, filters, motifs, normal_cells, residual, second_exit),
        epochs,
        batch_size,
        seed,
        device,
        str(data_dir.absolute()) if data_dir else "",
        str(out) if out else "",
        quiet or as_json,
        report,
    )
    trained = train_cell(asked, say(asked.quiet))
    made = outcome(trained)
    typer.echo(json.dumps(made, indent=1) if as_json else "\n".join(as_text(made)))
    print_report(trained, asked.quiet)


cell.command()(cell_finishing.select)
cell.command()(cell_finishing.final)
