"""``valpnas experiment`` on the command line; what it needs is imported when it runs."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from valpnas.commands.comparing import listed, worker_count
from valpnas.commands.options import AsJson, DataDir, option, say

experiment = typer.Typer(name="experiment", help="Experiments on the machinery itself.", no_args_is_help=True)


@experiment.command()
def operators(
    target: Annotated[
        str,
        typer.Argument(metavar="PROBLEM|FILE.toml", help="A problem's name or an experiment's file.",
                       show_default=False),
    ],
    models: Annotated[int | None, option("Random VALPs to change clones of.")] = None,
    horizons: Annotated[str | None, option("Batches after which to judge: 100,400,1600.")] = None,
    repeats: Annotated[int | None, option("Retrainings of every clone.")] = None,
    places: Annotated[int | None, option("Sites per operator and model; 0: all.")] = None,
    initial_batches: Annotated[int | None, option("Batches that train each VALP first.")] = None,
    batch_size: Annotated[int | None, option("Rows per batch.")] = None,
    learning_rate: Annotated[float | None, option("Of every output.")] = None,
    engine: Annotated[str | None, option("compiled, or plain: eager PyTorch.")] = None,
    seed: Annotated[int | None, option("Seed of all randomness.")] = None,
    device: Annotated[str | None, option("auto, cpu or cuda[:i].")] = None,
    data_dir: DataDir = None,
    workers: Annotated[int | None, option("Processes at a time; one per core if not given.")] = None,
    out: Annotated[Path | None, option("Folder for all of it; one that is there is gone on with.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no messages.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Measure what every operator gains, at its places in random models, beyond further training.

    The paper's initial experiment. A killed one goes on when the same command is given with the same --out.
    """
    from valpnas.experiments.gains.report import Findings, write_findings
    from valpnas.experiments.gains.settings import settings_of
    from valpnas.experiments.gains.study import conduct
    from valpnas.experiments.terminal import print_comparison

    given = {
        "models": models, "horizons": listed("--horizons", horizons, int), "repeats": repeats, "places": places,
        "initial_batches": initial_batches, "batch_size": batch_size, "learning_rate": learning_rate, "engine": engine,
        "seed": seed, "device": device, "data_dir": str(data_dir.absolute()) if data_dir else None,
    }  # fmt: skip
    settings, name = settings_of(target, {key: value for key, value in given.items() if value is not None})
    folder = out or Path(f"runs/{name}-operators-{datetime.now().astimezone():%Y%m%d-%H%M%S}")
    try:
        study = conduct(settings, folder, worker_count(workers), say(quiet or as_json), quiet or as_json)
    except KeyboardInterrupt:
        typer.echo(f"valpnas: interrupted; the same command with --out {folder} goes on", err=True)
        raise typer.Exit(130) from None
    found = Findings(study)
    title = f"{settings.run.problem}: what operators gain, {settings.options.models} models"
    made = write_findings(found, folder, title, shlex.join(["valpnas", *sys.argv[1:]]))
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=1))
        return
    print_comparison(found.tables[:1], found.sentences)  # who differs from whom is too long for a terminal
    typer.echo(f"table: {folder / 'gains.csv'}\npage: {made}")


@experiment.command()
def features(
    tables: Annotated[
        list[Path],
        typer.Argument(metavar="GAINS.csv...", help="Tables of `experiment operators`, one per problem.",
                       show_default=False),
    ],
    out: Annotated[Path, option("File for the table of places, their traits and gains.")],
    by: Annotated[str, option("Gain in: loss, or objective.")] = "loss",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:  # fmt: skip
    """Make the compact table that predictors learn from: a row per changed place with its traits and gains."""
    from valpnas.experiments.gains.features import features_of
    from valpnas.predictors.gain_table import write_table

    made = features_of(tables, by)
    write_table(made, out)
    say(quiet)(f"{len(made.rows):,} places of {', '.join(s['problem'] for s in made.sources)}: {out}")


@experiment.command()
def calibrate(
    table: Annotated[Path, typer.Argument(metavar="TABLE.csv", help="A table of `experiment features`.",
                                          show_default=False)],
    out: Annotated[Path, option("File for the figures, as JSON.")],
    horizon: Annotated[int, option("Batches after the change at which gains count.")] = 400,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:  # fmt: skip
    """Find what each operator gains, and the one threshold that tells its helpful places from others, if any does."""
    from valpnas.experiments.gains.calibrating import calibrate as calibrated
    from valpnas.predictors.calibration import write_calibration
    from valpnas.predictors.gain_table import read_table

    made = calibrated(read_table(table), horizon)
    write_calibration(made, out)
    for sentence in made.to_json()["in words"]:
        say(quiet)(sentence)


@experiment.command()
def prices(
    table: Annotated[Path, typer.Argument(metavar="TABLE.csv", help="A table of `experiment features`.",
                                          show_default=False)],
    horizon: Annotated[int, option("Batches after the change at which gains count.")] = 400,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Judge how well predictors, and single traits of places, tell gains in models that they were not fitted to."""
    from valpnas.experiments.gains.price_tables import price_sentences, price_table
    from valpnas.experiments.gains.prices import price_list
    from valpnas.experiments.terminal import print_comparison
    from valpnas.predictors.gain_table import read_table

    found = price_list(read_table(table), horizon)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
        return
    print_comparison([price_table(found)], price_sentences(found))
