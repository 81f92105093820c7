"""The command line. Commands import what they need when they run, so that --help is quick and needs no torch."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from valpnas import __version__
from valpnas.cell_command import cell
from valpnas.errors import ConfigError, ValpnasError
from valpnas.experiments.command import compare

if TYPE_CHECKING:
    from valpnas.opened_run import Run

app = typer.Typer(
    name="valpnas",
    help="Design multi-network models: look inside, change what should change, keep what is better.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DataDir = Annotated[
    Path | None, typer.Option(help="Folder with data files.", envvar="VALPNAS_DATA", show_default=False)
]
Quiet = Annotated[bool | None, typer.Option("--quiet", "-q", help="No progress bar, no messages.", show_default=False)]


_Misused: type[Exception] = typer.BadParameter.__mro__[2]  # whatever is wrong with the words given; has no public name


def main() -> None:
    """Run the command line; the entry point of the ``valpnas`` program."""
    try:
        sys.exit(app(prog_name="valpnas", standalone_mode=False))
    except ValpnasError as error:
        _complain(str(error))
    except _Misused as error:
        if not sys.argv[1:]:  # the help itself
            error.show()  # type: ignore[attr-defined]
            sys.exit(2)
        words = error.format_message().rstrip(".")  # type: ignore[attr-defined]
        _complain(f"{' '.join(words.split())}; see `{_command_of(error)} --help`")
    except typer.Abort:
        sys.exit(130)


def _complain(message: str) -> NoReturn:
    typer.echo(f"valpnas: {message}", err=True)
    sys.exit(2)


def _command_of(error: Any) -> str:
    return str(error.ctx.command_path) if getattr(error, "ctx", None) else "valpnas"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"valpnas {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Design multi-network models: look inside, change what should change, keep what is better."""


@app.command()
def run(
    target: Annotated[
        str, typer.Argument(metavar="PROBLEM|FILE.toml", help="A problem's name or a run file.", show_default=False)
    ],
    search: Annotated[str | None, typer.Option(help="Search algorithm.", show_default=False)] = None,
    start: Annotated[
        str | None, typer.Option(help="random, wide, deep, or a VALP's JSON file.", show_default=False)
    ] = None,
    start_parameters: Annotated[
        int | None, typer.Option(help="Weights of a wide or deep start; 0: 128 units per layer.", show_default=False)
    ] = None,
    chooser: Annotated[
        str | None, typer.Option(help="Who decides what to change: see `valpnas searches`.", show_default=False)
    ] = None,
    accept: Annotated[
        str | None, typer.Option(help="When a change is kept: see `valpnas searches`.", show_default=False)
    ] = None,
    rejected: Annotated[str | None, typer.Option(help="discard or train-parent.", show_default=False)] = None,
    steps: Annotated[int | None, typer.Option(help="Changes to try.", show_default=False)] = None,
    initial_batches: Annotated[
        int | None, typer.Option(help="Batches that train the start.", show_default=False)
    ] = None,
    batches_per_step: Annotated[int | None, typer.Option(help="Batches per step.", show_default=False)] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows per batch.", show_default=False)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of every output, at first.", show_default=False)] = None,
    algorithm: Annotated[
        str | None, typer.Option(help="SGD algorithm of every output, at first.", show_default=False)
    ] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, linear or cosine.", show_default=False)] = None,
    final_decay: Annotated[
        float | None, typer.Option(help="Last part of the run that decays.", show_default=False)
    ] = None,
    balancing: Annotated[
        str | None, typer.Option(help="How much each output's loss weighs.", show_default=False)
    ] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds per candidate.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all randomness.", show_default=False)] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda[:i].", show_default=False)] = None,
    data_dir: DataDir = None,
    out: Annotated[Path | None, typer.Option(help="Run directory to make.", show_default=False)] = None,
    report: Annotated[
        bool | None, typer.Option(help="Write the run's page, report.html, at its end.", show_default=False)
    ] = None,
    quiet: Quiet = None,
    as_json: AsJson = False,
) -> None:
    """Design a model: search from a start, random if you name no other, and print the front.

    Every option is also a key of the run file; options given here go before the file's keys.
    """
    given = {
        "search": search, "start": start, "start_parameters": start_parameters, "chooser": chooser, "accept": accept,
        "rejected": rejected, "steps": steps, "initial_batches": initial_batches,
        "batches_per_step": batches_per_step, "batch_size": batch_size, "learning_rate": learning_rate,
        "algorithm": algorithm, "schedule": schedule, "final_decay": final_decay, "balancing": balancing,
        "time_limit": time_limit, "seed": seed, "device": device, "quiet": quiet, "report": report,
        "data_dir": str(data_dir.absolute()) if data_dir else None, "out": str(out) if out else None,
    }  # fmt: skip
    overrides = {key: value for key, value in given.items() if value is not None}
    if as_json:
        overrides["quiet"] = True
    from valpnas import run as runs

    config, name = runs.configure(target, overrides)
    problem = runs.problem_of(config)
    path = runs.place_of(config, name)
    with _interruptible(path):
        made = runs.start(replace(config, out=str(path)), problem, _say(config.quiet))
    _print_run(made, as_json)
    _print_report(made, config.quiet)


app.command()(compare)
app.add_typer(cell)


@app.command()
def resume(
    path: RunPath,
    steps: Annotated[int | None, typer.Option(help="Raise the budget to this many steps.", show_default=False)] = None,
    quiet: Quiet = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped or killed, or give it more steps."""
    from valpnas import run as runs

    silent = True if as_json else quiet
    with _interruptible(path):
        made = runs.resume(path, _say(bool(silent)), steps, silent)
    _print_run(made, as_json)
    _print_report(made, made.config.quiet if silent is None else silent)


@app.command()
def show(
    path: RunPath,
    last: Annotated[int, typer.Option(help="How many of the latest steps to show with their reasons.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show a run: its front, what it tried and why, where its seconds went."""
    from valpnas import run as runs

    _print_run(runs.load(path), as_json, last)


@app.command()
def report(
    path: RunPath,
    out: Annotated[
        Path | None, typer.Option(help="The file; report.html in the run directory if not given.", show_default=False)
    ] = None,
) -> None:
    """Write a run's page: model, losses, front, family tree, predictions, in one file that opens offline."""
    from valpnas import run as runs
    from valpnas.reporting import write_report

    typer.echo(f"report: {write_report(runs.load(path), out)}")


@app.command()
def watch(
    path: RunPath,
    once: Annotated[bool, typer.Option("--once", help="Print one view and end.")] = False,
) -> None:
    """Watch a run from another terminal until it ends: steps, front, reasons, time left. Ctrl-C stops watching only."""
    try:
        from rich.console import Console

        from valpnas.report.watch_terminal import watch as watched

        watched(path, Console(), once)
    except KeyboardInterrupt:  # the way to stop watching, and nothing went wrong
        raise typer.Exit from None


@app.command()
def diagnose(
    path: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A run directory.", show_default=False)] = None,
    candidate: Annotated[
        int | None,
        typer.Option(
            help="A kept model; of the front, the one with the lowest mean log objective if not given.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Look again although the run has findings.")] = False,
    graph: Annotated[Path | None, typer.Option(help="Instead of RUN: a VALP's JSON.", show_default=False)] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Its weights, a .safetensors of valpnas.", show_default=False)
    ] = None,
    problem: Annotated[str | None, typer.Option(help="The problem it was made on.", show_default=False)] = None,
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
        if path is None and candidate is None and graph and weights and problem:
            return diagnose_files(graph, weights, problem, data_dir)
        raise ConfigError("expected either RUN, or --graph, --weights and --problem together; give one of the two")

    made = looked()
    if as_json:
        typer.echo(json.dumps(made.to_json(), indent=1))
        return
    from rich.console import Console

    from valpnas.report.diagnosis_terminal import print_diagnosis

    print_diagnosis(made, Console())


@app.command()
def sample(
    path: RunPath,
    out: Annotated[Path, typer.Option(help="A .png for images, or a .csv.")] = Path("samples.png"),
    output: Annotated[
        str | None, typer.Option(help="Which output, where several generate.", show_default=False)
    ] = None,
    candidate: Annotated[
        int | None, typer.Option(help="A model on the front; the best of that output if not given.", show_default=False)
    ] = None,
    count: Annotated[int, typer.Option(help="How many.")] = 64,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
) -> None:
    """Draw new samples from a model of a run."""
    from valpnas import run as runs
    from valpnas.sampling import write_samples

    typer.echo(write_samples(runs.load(path), out, output, candidate, count, seed))


@app.command("list")
def list_runs(
    folder: Annotated[Path, typer.Argument(help="Folder that holds run directories.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder."""
    from valpnas.report.listing import as_text
    from valpnas.report.listing import list_runs as listed

    rows = listed(folder)
    _print_rows(rows if as_json else [as_text(row) for row in rows], as_json, f"no runs in {folder}")


@app.command()
def problems(as_json: AsJson = False) -> None:
    """List the problems there are; as JSON also the files that each needs."""
    if not as_json:
        _print_table("problems", as_json)
        return
    from valpnas import catalog

    rows = [
        {
            "name": entry.written,
            "summary": entry.summary,
            # A family's files depend on the member; `valpnas fetch` tells them.
            "files": [
                {"name": file.name, "folder": file.folder, "url": file.url, "sha256": file.sha256}
                for file in ([] if entry.argument else catalog.problem(entry.name).files)
            ],
        }
        for entry in catalog.entries("problems")
    ]
    _print_rows(rows, as_json, "none")


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(metavar="PROBLEM...", help="Names of problems.", show_default=False)],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Find the files of problems, or fetch them from their public addresses; print where each lies, how checked."""
    from valpnas import catalog
    from valpnas.contracts.data_files import Reader, checked_by, find_with_content

    rows = []
    for name in names:
        for file in catalog.problem(name, data_dir).files:
            path, content = find_with_content(file, Reader(data_dir))
            rows.append({"problem": name, "file": file.name, "path": str(path), "checked": checked_by(file, content)})
    _print_rows(rows, as_json, "no files are needed")


@app.command()
def operators(as_json: AsJson = False) -> None:
    """List the variation operators."""
    _print_table("operators", as_json)


@app.command()
def diagnostics(as_json: AsJson = False) -> None:
    """List the diagnostics."""
    _print_table("diagnostics", as_json)


@app.command()
def searches(as_json: AsJson = False) -> None:
    """List searches, starts, choosers, acceptance rules and loss balancings."""
    from valpnas.search import ACCEPTANCE, CHOOSERS, SEARCHES, STARTS
    from valpnas.training.balancing import BALANCERS

    named = {"--search": SEARCHES, "--start": STARTS, "--chooser": CHOOSERS, "--accept": ACCEPTANCE}
    tables = {**named, "--balancing": BALANCERS}
    rows = [{"option": option, "name": e.name, "summary": e.summary} for option, table in tables.items() for e in table]
    _print_rows(rows, as_json, "none")


@app.command()
def check(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE.toml...", help="Run files and compare files.", show_default=False)
    ],
) -> None:
    """Check run files and compare files without running them."""
    from valpnas import run as runs
    from valpnas.config import read_run_file
    from valpnas.experiments.compare import check as check_comparison
    from valpnas.experiments.compare_file import is_compare_file, read_compare_file

    def checked(file: Path) -> str:
        if is_compare_file(file):
            check_comparison(read_compare_file(file))
            return "a valid compare file"
        config = read_run_file(file)
        runs.check(config)
        runs.check_start(config, runs.problem_of(config))
        return "a valid run file"

    bad = 0
    for file in files:
        try:
            typer.echo(f"{file}: {checked(file)}")
        except ValpnasError as error:
            bad += 1
            typer.echo(f"valpnas: {file}: {str(error).removeprefix(f'{file}: ')}", err=True)
    if bad:
        raise typer.Exit(2)


@contextmanager
def _interruptible(path: Path) -> Iterator[None]:
    """Answer Ctrl-C with what to do next, before typer answers it with one word.

    An interruption may come out of compiled code as whatever error that code raises, so the signal is noted too.
    """
    pressed: list[int] = []

    def press(number: int, _: Any) -> NoReturn:
        pressed.append(number)
        raise KeyboardInterrupt

    try:
        with _handling(signal.SIGINT, press):
            yield
    except BaseException as error:
        if not (pressed or isinstance(error, KeyboardInterrupt)):
            raise
        recorded = f"what was done is recorded: `valpnas resume {shlex.quote(str(path))}` goes on"
        begun = (path / "run.toml").is_file()
        typer.echo(f"valpnas: interrupted; {recorded if begun else 'there is no run yet: start it again'}", err=True)
        raise typer.Exit(130) from None


@contextmanager
def _handling(number: signal.Signals, handle: Callable[[int, Any], NoReturn]) -> Iterator[None]:
    """Handle a signal for a while; only the main thread may, elsewhere nothing is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, before)


def _say(quiet: bool) -> Callable[[str], None]:
    """Messages for a person go to stderr, so that --json leaves stdout to the data."""
    return (lambda _: None) if quiet else (lambda message: typer.echo(message, err=True))


def _print_run(made: Run, as_json: bool, last: int = 0) -> None:
    if as_json:
        typer.echo(json.dumps(made.summary(), indent=1))
        return
    from rich.console import Console

    from valpnas.report.terminal import print_summary

    print_summary(made.summary(), made.history()[-last:] if last else [], Console())


def _print_report(made: Run, quiet: bool) -> None:
    """Say where the run's page is."""
    from valpnas.reporting import REPORT

    page = made.path / REPORT
    if not quiet and page.exists():
        typer.echo(f"report: {page}")


def _print_table(table: str, as_json: bool) -> None:
    from valpnas.catalog import entries

    _print_rows([{"name": entry.written, "summary": entry.summary} for entry in entries(table)], as_json, "none")


def _print_rows(rows: list[dict[str, Any]], as_json: bool, empty: str) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    if not rows:
        typer.echo(empty)
    heads = {key: key for key in rows[0]} if rows else {}
    widths = {key: max(len(str(row[key])) for row in [heads, *rows]) for key in heads}
    for row in [heads, *rows] if rows else []:
        typer.echo("  ".join(str(value).ljust(widths[key]) for key, value in row.items()).rstrip())
