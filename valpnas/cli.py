"""The command line: which commands there are, and how every error ends."""

from __future__ import annotations

import sys
from typing import Annotated, Any, NoReturn

import typer

from valpnas import __version__
from valpnas.commands import cells, checking, comparing, diagnosing, experimenting, listing, looking, run_help, running
from valpnas.errors import ValpnasError

app = typer.Typer(
    name="valpnas",
    help="Design multi-network models: look inside, change what should change, keep what is better.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_Misused: type[Exception] = typer.BadParameter.__mro__[2]  # whatever is wrong with the words given; has no public name


def main() -> None:
    """Run the command line; the entry point of the ``valpnas`` program."""
    try:
        sys.exit(app(prog_name="valpnas", standalone_mode=False))
    except ValpnasError as error:
        _complain(str(error))
    except _Misused as error:
        words = error.format_message().rstrip(".")  # type: ignore[attr-defined]
        if not words:  # the help itself, of a group of commands without a command
            error.show()  # type: ignore[attr-defined]
            sys.exit(2)
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


# In the order of --help: first what makes, then what looks, then what lists.
for _command in (
    running.run, comparing.compare, running.resume, running.work, looking.show, looking.report, looking.watch,
    diagnosing.diagnose, looking.sample, listing.list_runs, listing.problems, listing.fetch, listing.operators,
    listing.diagnostics, listing.searches, checking.check,
):  # fmt: skip
    _help = run_help.RunHelp if _command is running.run else None
    app.command(_command.__name__.removesuffix("_runs"), cls=_help)(_command)
app.add_typer(cells.cell)
app.add_typer(experimenting.experiment)
