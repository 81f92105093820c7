"""``valpnas cell show``: what a cell is made of and becomes, before anything is trained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from valpnas.commands.options import AsJson, CellText, DataDir, option
from valpnas.commands.printing import console
from valpnas.errors import ConfigError

if TYPE_CHECKING:
    from valpnas.graph.spec import Shape

_INPUT = "3x32x32"
_CLASSES = 10
_FEW_CHANNELS = 4  # an image has no more, so what ends in fewer may be written channels last


def show(
    text: CellText,
    problem: Annotated[
        str, option("Take input and classes from a problem of one image or series: digits-class, ucr:NAME.")
    ] = "",
    entry: Annotated[
        str,
        option(f"Shape of an image or series, channels first: {_INPUT}, if no problem is named, or 1x140.", "--input"),
    ] = "",
    classes: Annotated[int | None, option(f"Classes, 0 for none; else {_CLASSES}.")] = None,
    filters: Annotated[int, typer.Option(help="Channels of the first cells.")] = 24,
    motifs: Annotated[int, typer.Option(help="Motifs.")] = 3,
    normal_cells: Annotated[int, typer.Option(help="Normal cells of a motif.")] = 2,
    residual: Annotated[bool, typer.Option(help="Each cell adds what it reads to what it emits.")] = True,
    second_exit: Annotated[bool, typer.Option("--second-exit", help="A classifier at two thirds of the way.")] = False,
    data_dir: DataDir = None,
    out: Annotated[Path | None, option("Also draw it into this file: .png, .svg or .pdf.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a cell and the network it is stacked into, with parameters, multiply-adds, FLOPs and shapes."""
    from valpnas.cells.macro import Macro
    from valpnas.cells.picture import save_picture
    from valpnas.cells.plan import plan_network
    from valpnas.cells.terminal import described, print_plan
    from valpnas.cells.text import read_cell

    shape, known = _of_problem(problem, data_dir) if problem else (_read_shape(_INPUT), _CLASSES)
    macro = Macro(filters, motifs, normal_cells, residual, exits="two" if second_exit else "last")
    shape = _read_shape(entry) if entry else shape
    for remark in _remarks(entry, shape, problem):
        typer.echo(f"note: {remark}", err=True)
    plan = plan_network(read_cell(text), macro, shape, known if classes is None else _checked(classes))
    if out:
        save_picture(plan, out)
    if as_json:
        typer.echo(json.dumps(described(plan), indent=1))
    else:
        print_plan(plan, console())
    if out and not as_json:
        typer.echo(f"drawing: {out}")


def _of_problem(name: str, folder: Path | None) -> tuple[Shape, int]:
    """Return the input's shape and the classes of a problem."""
    from valpnas import catalog
    from valpnas.graph.tasks import Classification

    found = catalog.problem(name, folder)
    shapes = [vertex.shape for vertex in found.inputs if len(vertex.shape) in (2, 3)]
    classes = [output.task.classes for output in found.outputs if isinstance(output.task, Classification)]
    if len(shapes) != 1 or len(classes) > 1:
        got = f"{len(shapes)} and {len(classes)}"
        raise ConfigError(f"{name}: expected one image or series and one class at most, got {got}; give --input")
    return shapes[0], sum(classes)


def _read_shape(text: str) -> Shape:
    parts = text.split("x")
    if len(parts) not in (2, 3) or not all(part.isdecimal() and int(part) for part in parts):
        known = f"{_INPUT} (an image) or 1x140 (a series)"
        raise ConfigError(f"--input: expected channels and extent such as {known}, got {text!r}; write it so")
    return tuple(map(int, parts))


def _remarks(entry: str, shape: Shape, problem: str) -> Iterator[str]:
    """Yield what somebody who gave ``--input`` may have meant otherwise."""
    if entry and problem:
        yield f"--input {entry} goes before that of {problem}"
    if len(shape) == 3 and shape[2] <= _FEW_CHANNELS < min(shape[:2]):
        meant = f"{shape[2]}x{shape[0]}x{shape[1]}"
        yield f"{entry} is read as {shape[0]} channels of {shape[1]}x{shape[2]}; channels come first, perhaps {meant}"


def _checked(classes: int) -> int:
    if classes < 0 or classes == 1:
        raise ConfigError(f"--classes: expected 2 or more, or 0 for no classifier, got {classes}; give another number")
    return classes
