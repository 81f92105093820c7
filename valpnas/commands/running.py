"""``valpnas run`` and ``valpnas resume``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from valpnas.commands.interruption import interruptible
from valpnas.commands.options import (
    ASYNCHRONOUS,
    AsJson,
    DataDir,
    Executor,
    Quiet,
    RunPath,
    Target,
    Workers,
    option,
    say,
)
from valpnas.commands.printing import print_report, print_run


def run(
    target: Target,
    search: Annotated[str | None, option("Search algorithm.")] = None,
    start: Annotated[
        str | None, option("See `valpnas searches`; several with commas between; or a VALP's JSON file.")
    ] = None,
    start_parameters: Annotated[int | None, option("Weights of a random-sized, wide or deep start.")] = None,
    networks: Annotated[str | None, option("Kinds of sub-network to draw: dense,decoder,cell.")] = None,
    chooser: Annotated[str | None, option("Who decides what to change: see `valpnas searches`.")] = None,
    cell_blocks: Annotated[str | None, option("Blocks added to cells: random or predicted.")] = None,
    accept: Annotated[str | None, option("When a change is kept: see `valpnas searches`.")] = None,
    rejected: Annotated[str | None, option("discard or train-parent.")] = None,
    steps: Annotated[int | None, option("Changes to try, in a search of one model.")] = None,
    population: Annotated[int | None, option("Models of a population.")] = None,
    generations: Annotated[int | None, option("Generations of a population.")] = None,
    max_seconds: Annotated[float | None, option("End a population search after so much wall time; 0: never.")] = None,
    stagnation: Annotated[int | None, option("End it after so many generations without a gain; 0: never.")] = None,
    objectives: Annotated[
        list[str] | None, option("Minimise this too: parameters, flops or latency. Repeatable.", "--objective")
    ] = None,
    max_parameters: Annotated[int | None, option("Most weights of a model; 0: any number.")] = None,
    max_latency: Annotated[
        float | None, option("Most milliseconds for the prediction of a row; 0: any number.")
    ] = None,
    without: Annotated[list[str] | None, option("Leave this operator out. Repeatable.")] = None,
    initial_batches: Annotated[int | None, option("Batches that train each start.")] = None,
    batches_per_step: Annotated[int | None, option("Batches per step.")] = None,
    batch_size: Annotated[int | None, option("Rows per batch.")] = None,
    learning_rate: Annotated[float | None, option("Of every output, at first; 0: found by a range test.")] = None,
    algorithm: Annotated[str | None, option("SGD algorithm of every output, at first.")] = None,
    schedule: Annotated[str | None, option("constant, linear, cosine or cosine-restarts.")] = None,
    final_decay: Annotated[float | None, option("Last part of the run that decays.")] = None,
    balancing: Annotated[str | None, option("How much each output's loss weighs.")] = None,
    select: Annotated[
        str | None, option("Which state of a candidate counts: last, best-checkpoint or best-epoch.")
    ] = None,
    engine: Annotated[str | None, option("compiled, or plain: eager PyTorch.")] = None,
    precision: Annotated[str | None, option("Of cell networks' products: float32 or bfloat16.")] = None,
    jobs_per_gpu: Annotated[int | None, option("Jobs at a time on a GPU, of those asked for together.")] = None,
    time_limit: Annotated[float | None, option("Seconds per candidate; 0: no limit.")] = None,
    blocks: Annotated[int | None, option("Of cells: the most blocks (popnas, pnas), or how many (cell-...).")] = None,
    children: Annotated[int | None, option("Of cells: the most of a front (K).")] = None,
    exploration: Annotated[int | None, option("Of cells: the most beside the front that explore (J).")] = None,
    epochs: Annotated[int | None, option("Of cells: epochs of each; the schedule is stretched to them.")] = None,
    filters: Annotated[int | None, option("Of cells: channels of the first ones.")] = None,
    motifs: Annotated[int | None, option("Of cells: motifs.")] = None,
    normal_cells: Annotated[int | None, option("Of cells: normal cells of a motif.")] = None,
    cell_operations: Annotated[
        str | None, option("Of cells: operations, commas between them: 'identity,3x3 conv'.")
    ] = None,
    cell_networks: Annotated[int | None, option("Of cells: how many cell-evolution or cell-random train.")] = None,
    asynchronous: Annotated[bool | None, option(ASYNCHRONOUS, "--asynchronous/--synchronous")] = None,
    executor: Executor = None,
    workers: Workers = None,
    seed: Annotated[int | None, option("Seed of all randomness.")] = None,
    device: Annotated[str | None, option("auto, cpu or cuda[:i].")] = None,
    data_dir: DataDir = None,
    out: Annotated[Path | None, option("Run directory to make.")] = None,
    report: Annotated[bool | None, option("Write the run's page, report.html, at its end.")] = None,
    quiet: Quiet = None,
    as_json: AsJson = False,
) -> None:
    """Design a model: search from the best of some small starts, and print the front.

    Every option is also a key of the run file; options given here go before the file's keys.

    Defaults are those of a run file without the key; searches of cells train by others (docs/cell_search.md).
    """
    given = {
        "search": search, "start": start, "start_parameters": start_parameters, "chooser": chooser,
        "cell_blocks": cell_blocks, "accept": accept,
        "rejected": rejected, "steps": steps, "population": population, "generations": generations,
        "max_seconds": max_seconds, "stagnation": stagnation, "objectives": objectives or None,
        "max_latency": max_latency, "without": without or None, "initial_batches": initial_batches,
        "batches_per_step": batches_per_step, "batch_size": batch_size, "learning_rate": learning_rate,
        "algorithm": algorithm, "schedule": schedule, "final_decay": final_decay, "balancing": balancing,
        "select": select, "engine": engine, "precision": precision, "jobs_per_gpu": jobs_per_gpu,
        "time_limit": time_limit, "asynchronous": asynchronous, "executor": executor, "workers": workers,
        "seed": seed, "device": device, "quiet": quiet, "report": report,
        "data_dir": str(data_dir.absolute()) if data_dir else None, "out": str(out) if out else None,
    }  # fmt: skip
    overrides: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    space: dict[str, Any] = {} if max_parameters is None else {"max_parameters": max_parameters}
    if networks is not None:
        space["networks"] = [kind.strip() for kind in networks.split(",")]
    if space:
        overrides["space"] = space
    if cells := _cells(
        blocks=blocks, children=children, exploration=exploration, epochs=epochs, filters=filters, motifs=motifs,
        normal_cells=normal_cells, networks=cell_networks, operations=cell_operations,
    ):  # fmt: skip
        overrides["cell_search"] = cells
    if as_json:
        overrides["quiet"] = True
    from valpnas.search.naming import configure

    config, name = configure(target, overrides)  # first: an unknown name is not to wait for torch
    from valpnas import run as runs

    problem = runs.problem_of(config)
    path = runs.place_of(config, name)
    with interruptible(path):
        made = runs.start(replace(config, out=str(path)), problem, say(config.quiet), complain=say(quiet=False))
    print_run(made, as_json)
    print_report(made, config.quiet)


def _cells(operations: str | None, **numbers: int | None) -> dict[str, Any]:
    """Return the keys of [cell_search] that were given."""
    given: dict[str, Any] = {key: value for key, value in numbers.items() if value is not None}
    if operations is not None:
        given["operations"] = [operation.strip() for operation in operations.split(",")]
    return given


def resume(
    path: RunPath,
    steps: Annotated[int | None, option("Raise the budget to this many steps.")] = None,
    generations: Annotated[int | None, option("Raise the budget to this many generations.")] = None,
    executor: Executor = None,
    workers: Workers = None,
    quiet: Quiet = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped or killed, or give it more steps or generations."""
    from valpnas.resuming import resume as go_on

    silent = True if as_json else quiet
    place = {key: value for key, value in {"executor": executor, "workers": workers}.items() if value is not None}
    with interruptible(path):
        made = go_on(path, say(bool(silent)), steps, silent, say(quiet=False), generations, **place)
    print_run(made, as_json)
    print_report(made, made.config.quiet if silent is None else silent)


def work(path: RunPath, quiet: Quiet = None, as_json: AsJson = False) -> None:
    """Work on a run together with every other `work` on it, on this machine or another that sees its folder.

    Whoever finds nobody in charge takes charge: asks for candidates, records what comes of them, and does some itself.
    """
    from valpnas import sharing

    silent = True if as_json else quiet
    with interruptible(path):
        made = sharing.work(path, say(bool(silent)), silent, say(quiet=False))
    print_run(made, as_json)
    print_report(made, made.config.quiet if silent is None else silent)
