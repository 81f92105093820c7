"""Searches, stores and reports see networks through contracts alone: no kind of network is named there.

The searches of cells, a folder of their own, are what this is about, and so is the folder that reports on them: the
searches are reached by name, as anything else is, and the reports by what a search says of itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import pytest

from .sources import Source, imports_of, names_of, strings_of

BLIND = ("search", "store", "report")
SEEING = ("valpnas.search.popnas.", "valpnas.report.popnas.")
TABLE = "valpnas.search"  # which says what there is in words
_CELL = re.compile(r"\bcells?\b", re.IGNORECASE)


def knowing_of_cells(sources: list[Source]) -> list[str]:
    """Places in the blind folders that import, read or name what belongs to cell networks."""
    names, found = names_of(sources), []
    for source in (source for source in sources if source.unit in BLIND and not _sees(source)):
        found += [i.where for i in imports_of(source, names) if _CELL.search(i.target.replace("_", " "))]
        found += [source.at(text) for text in strings_of(source) if _CELL.search(str(text.value))]
        attributes = [node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)]
        found += [source.at(node) for node in attributes if _CELL.fullmatch(node.attr)]
    return found


def _sees(source: Source) -> bool:
    return source.module == TABLE or f"{source.module}.".startswith(SEEING)


def test_no_search_store_or_report_knows_of_cells(sources: list[Source]) -> None:
    assert knowing_of_cells(sources) == []


@pytest.mark.parametrize(
    "text",
    [
        "from valpnas.cells.block import Cell",
        "from valpnas.networks.cell_spec import CellSpec",
        "from valpnas.contracts.cell_bounds import CellBounds",
        "wanted = spec.kind == 'cell'",
        "most = space.cells.max_blocks",
    ],
)
def test_what_knows_is_found(plant_sources: Callable[[dict[str, str]], list[Source]], text: str) -> None:
    files = {"valpnas/search/bad.py": text, "valpnas/networks/good.py": text, "valpnas/cells/block.py": ""}
    files |= {"valpnas/networks/cell_spec.py": "", "valpnas/contracts/cell_bounds.py": ""}
    found = knowing_of_cells(plant_sources(files))
    assert found
    assert all(where.startswith("valpnas/search/bad.py") for where in found)
