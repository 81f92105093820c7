"""``valpnas compare`` on the command line; what it needs is imported when it runs."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from valpnas.commands.options import AsJson, DataDir, option, say
from valpnas.errors import ConfigError

if TYPE_CHECKING:
    from valpnas.experiments.comparison import Comparison


def compare(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PROBLEM|FILE.toml", help="A problem's name, a compare file or a run file.", show_default=False
        ),
    ],
    arms: Annotated[
        str | None,
        option("Compare file, or the name of one that ships, whose arms to use, and keys that TARGET lacks."),
    ] = None,
    choosers: Annotated[str | None, option("Shorthand for arms: random,guided,...,hand-made.")] = None,
    pairs: Annotated[int | None, option("Pairs of runs; those that are there count.")] = None,
    against: Annotated[str | None, option("Compare each arm with this one only.")] = None,
    checkpoints: Annotated[str | None, option("Steps at which to compare: 10,20,30,60.")] = None,
    tune_rates: Annotated[str | None, option("Learning rates to try for every arm: 1e-3,3e-3.")] = None,
    tune_decays: Annotated[str | None, option("Final decays to try for every arm: 0.3,1.")] = None,
    tune_pairs: Annotated[int | None, option("Seeds to tune on; no pair has them.")] = None,
    start_parameters: Annotated[int | None, option("Weights of random-sized, wide and deep starts.")] = None,
    accept: Annotated[str | None, option("When a change is kept.")] = None,
    rejected: Annotated[str | None, option("discard or train-parent.")] = None,
    steps: Annotated[int | None, option("Changes to try.")] = None,
    initial_batches: Annotated[int | None, option("Batches that train each start.")] = None,
    batches_per_step: Annotated[int | None, option("Batches per step.")] = None,
    batch_size: Annotated[int | None, option("Rows per batch.")] = None,
    learning_rate: Annotated[float | None, option("Of every output, at first; 0: found by a range test.")] = None,
    schedule: Annotated[str | None, option("constant, linear or cosine.")] = None,
    final_decay: Annotated[float | None, option("Last part of the run that decays.")] = None,
    select: Annotated[str | None, option("Which state of a candidate counts.")] = None,
    balancing: Annotated[str | None, option("How much each output's loss weighs.")] = None,
    time_limit: Annotated[float | None, option("Seconds per candidate.")] = None,
    seed: Annotated[int | None, option("Seed of the first pair; the others follow.")] = None,
    device: Annotated[str | None, option("auto, cpu or cuda[:i].")] = None,
    data_dir: DataDir = None,
    workers: Annotated[int | None, option("Processes at a time; one per core if not given.")] = None,
    out: Annotated[Path | None, option("Folder for runs and report; one that is there is gone on with.")] = None,
    append: Annotated[Path | None, option("Record (CSV) of earlier sittings to add pairs to.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare searches: run arms as pairs with equal seeds, and say which is better and how sure that is.

    A killed comparison goes on when the same command is given with the same --out.
    """
    budget = {
        "start_parameters": start_parameters, "accept": accept, "rejected": rejected, "steps": steps,
        "initial_batches": initial_batches, "batches_per_step": batches_per_step, "batch_size": batch_size,
        "learning_rate": learning_rate, "schedule": schedule, "final_decay": final_decay, "balancing": balancing,
        "select": select,
        "time_limit": time_limit, "seed": seed, "device": device,
        "data_dir": str(data_dir.absolute()) if data_dir else None,
    }  # fmt: skip
    numbers = {
        "checkpoints": listed("--checkpoints", checkpoints, int),
        "tune_rates": listed("--tune-rates", tune_rates, float),
        "tune_decays": listed("--tune-decays", tune_decays, float),
    }
    given = {**budget, **numbers, "pairs": pairs, "against": against, "tune_pairs": tune_pairs}
    flags = {key: value for key, value in given.items() if value is not None}
    comparison, name = _comparison(target, arms, choosers, flags)
    # Runs of a record lie where the same command finds them again, for a sitting may end before a pair is whole.
    beside = f"runs/{append.stem}" if append else f"runs/{name}-compare-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    folder = out or Path(beside)
    _carry_out(comparison, folder, append, worker_count_for(workers, comparison), quiet or as_json, as_json)


def _comparison(
    target: str, arms: str | None, choosers: str | None, flags: Mapping[str, Any]
) -> tuple[Comparison, str]:
    """Return the comparison, and what to call it. Flags go before the keys of TARGET, these before those of --arms."""
    from valpnas.experiments.compare_file import assemble, keys_of
    from valpnas.search.naming import check_names

    keys, name = keys_of(target)
    if arms:
        theirs, _ = keys_of(arms)
        if "arms" not in theirs:
            raise ConfigError(f"--arms: expected a compare file, got {arms!r}, which has no arms; name another")
        keys = {**theirs, **keys, "arms": theirs["arms"]}
    comparison = assemble({**keys, **flags}, _names(choosers))
    for arm in comparison.arms:  # before what takes seconds to import
        check_names(comparison.config(arm, 0, {}).settings())
    return comparison, name


def _carry_out(
    comparison: Comparison, folder: Path, append: Path | None, workers: int, quiet: bool, as_json: bool
) -> None:
    from valpnas.experiments import compare as experiment
    from valpnas.experiments.notes import LEGEND
    from valpnas.experiments.terminal import print_comparison
    from valpnas.report.numbers import counted

    speak = say(quiet)
    try:
        compared = experiment.compare(comparison, folder, append, workers, speak, quiet)
    except KeyboardInterrupt:
        typer.echo(f"valpnas: interrupted; the same command with --out {folder} goes on", err=True)
        raise typer.Exit(130) from None
    arms, pairs = counted(len(comparison.arms), "arm"), counted(len(compared.record.pairs), "pair")
    title = f"{comparison.shared['problem']}: {arms}, {pairs}"
    experiment.write_report(compared, folder, title, shlex.join(["valpnas", *sys.argv[1:]]))
    if as_json:
        typer.echo(json.dumps(compared.to_json(), indent=1))
        return
    rest = "the page has every checkpoint, and the comparisons on validation rows"
    print_comparison(compared.first_asked(), [*compared.headlines, *compared.notes, LEGEND, rest])
    typer.echo(f"record: {compared.record.path}\npage: {folder / 'comparison.html'}")


def worker_count_for(asked: int | None, comparison: Comparison) -> int:
    """Return how many runs there may be at a time: one where searches decide by times that are to be exclusive."""
    from valpnas.experiments.compare import weighs_times

    timed = weighs_times(comparison)
    if timed and asked not in (None, 1):
        raise ConfigError(
            f"--workers: expected 1 where searches weigh times that are to be exclusive ({', '.join(timed)}), got "
            f"{asked}; leave it out, weigh parameters or flops, or say times_side_by_side = true in [cell_search]"
        )
    return 1 if timed else worker_count(asked)


def worker_count(asked: int | None) -> int:
    if asked is not None and asked < 1:
        raise ConfigError(f"--workers: expected at least 1, got {asked}")
    return asked or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()] if text else []


def listed(flag: str, text: str | None, kind: type) -> list[Any] | None:
    try:
        return [kind(item) for item in _names(text)] if text is not None else None
    except ValueError as error:
        raise ConfigError(f"{flag}: expected numbers with commas between them, got {text!r}") from error
