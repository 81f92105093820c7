"""``valpnas check``: run files, compare files and those of experiments, without running them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from valpnas.errors import ValpnasError


def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE.toml...", help="Files to check.", show_default=False),
    ],
) -> None:
    """Check run files, compare files and experiment files without running them."""
    from valpnas.experiments.compare import check as check_comparison
    from valpnas.experiments.compare_file import is_compare_file, read_compare_file
    from valpnas.experiments.gains.settings import is_gain_file, settings_of
    from valpnas.run import problem_of
    from valpnas.run_checks import check as check_settings
    from valpnas.run_checks import check_start
    from valpnas.run_files import read_run_file

    def checked(file: Path) -> str:
        if is_compare_file(file):
            check_comparison(read_compare_file(file))
            return "a valid compare file"
        if is_gain_file(file):
            check_settings(settings_of(str(file), {})[0].run)
            return "a valid file of an operator experiment"
        config = read_run_file(file)
        check_settings(config)
        check_start(config, problem_of(config))
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
