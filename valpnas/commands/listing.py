"""``valpnas list`` and the commands that list what there is to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from valpnas.commands.options import AsJson, DataDir
from valpnas.commands.printing import print_rows


def list_runs(
    folder: Annotated[Path, typer.Argument(help="Folder that holds run directories.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder, final trainings of cells among them.

    What `cell select` makes is a folder of runs itself: `valpnas list RUN-selection` lists those.
    """
    from valpnas.report.listing import as_text
    from valpnas.report.listing import list_runs as listed

    rows = listed(folder)
    print_rows(rows if as_json else [as_text(row) for row in rows], as_json, f"no runs in {folder}")


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
    print_rows(rows, as_json, "none")


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
    print_rows(rows, as_json, "no files are needed")


def operators(as_json: AsJson = False) -> None:
    """List the variation operators."""
    _print_table("operators", as_json)


def diagnostics(as_json: AsJson = False) -> None:
    """List the diagnostics."""
    _print_table("diagnostics", as_json)


def searches(as_json: AsJson = False) -> None:
    """List searches, starts, choosers, ways to choose blocks, acceptance rules, loss balancings, engines, executors.

    What a hill climbing has where nothing is said is marked as the default.
    """
    from valpnas.config import RunConfig, start_names
    from valpnas.execution import EXECUTORS
    from valpnas.search import ACCEPTANCE, CELL_BLOCKS, CHOOSERS, SEARCHES, STARTS
    from valpnas.training import ENGINES
    from valpnas.training.balancing import BALANCERS

    who = {"--search": SEARCHES, "--start": STARTS, "--chooser": CHOOSERS, "--cell-blocks": CELL_BLOCKS}
    how = {"--accept": ACCEPTANCE, "--balancing": BALANCERS, "--engine": ENGINES, "--executor": EXECUTORS}
    tables = {**who, **how}
    usual = {option: start_names(getattr(RunConfig, option[2:].replace("-", "_"))) for option in tables}
    rows = [
        {"option": o, "name": e.name, "default": "default" if e.name in usual[o] else "", "summary": e.summary}
        for o, table in tables.items()
        for e in table
    ]
    print_rows(rows, as_json, "none")


def _print_table(table: str, as_json: bool) -> None:
    from valpnas.catalog import entries

    print_rows([{"name": entry.written, "summary": entry.summary} for entry in entries(table)], as_json, "none")
