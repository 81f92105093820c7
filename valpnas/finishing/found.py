"""Found: the best cells that a run has trained as stand-alone networks."""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.cells.text import write_cell
from valpnas.errors import ConfigError
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Valp
from valpnas.networks.cell_spec import CellSpec
from valpnas.opened_run import Run

KINDS = ("image", "series")


@dataclass(frozen=True)
class FoundCell:
    """A candidate whose VALP is one network of cells: its spec, and its accuracy on validation rows."""

    candidate: int
    valp: Valp
    spec: CellSpec
    accuracy: float

    @property
    def text(self) -> str:
        """The cell."""
        return write_cell(self.spec.cell)


def top_cells(run: Run, top: int) -> list[FoundCell]:
    """Return the ``top`` cells of ``run``, best first, each text once; the empty cell is left out (facts B11).

    Raises:
        ConfigError: ``top`` is less than 1, or nothing that the run has trained is a stand-alone network of a cell.
        StoreError: a graph cannot be read.
    """
    if top < 1:
        raise ConfigError(f"top: expected at least 1, got {top}; 5 is usual")
    found = [cell for row in run.history() if "objectives" in row for cell in _found(run, row)]
    if not found:
        raise ConfigError(
            f"{run.path}: expected a run that has trained stand-alone networks of cells with blocks, got none; "
            "`valpnas cell train` makes one, and so does a search of cells"
        )
    best: dict[str, FoundCell] = {}
    for cell in sorted(found, key=lambda each: (-each.accuracy, each.candidate)):
        best.setdefault(cell.text, cell)
    return list(best.values())[:top]


def _found(run: Run, row: dict[str, object]) -> list[FoundCell]:
    """Return the cell of a trained candidate, if it is a network of one."""
    candidate, objectives = row["candidate"], row["objectives"]
    assert isinstance(candidate, int)  # noqa: S101 - rows of a history are made by us
    assert isinstance(objectives, dict)  # noqa: S101
    valp = run.valp(candidate)
    specs, tasks = list(valp.specs.values()), list(valp.tasks.items())
    if len(specs) != 1 or len(tasks) != 1 or [vertex.kind in KINDS for vertex in valp.inputs] != [True]:
        return []
    (spec,), ((output, task),) = specs, tasks
    if not isinstance(spec, CellSpec) or not isinstance(task, Classification) or not spec.cell.blocks:
        return []
    return [FoundCell(candidate, valp, spec, 1 - float(objectives[output]))]
