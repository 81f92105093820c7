"""energy: how much heating and cooling 768 designs of a house need, from eight figures.

UCI "Energy Efficiency" (Tsanas and Xifara 2012), CC BY 4.0; the loads are computed by a simulation, so that nearly all
of their variance can be explained. Every design is there under four orientations, which hardly change its loads:
the four stay together in one part, or each validation row would have a twin in training.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from valpnas.contracts.data_files import DataFile, read_content
from valpnas.contracts.problem import Part, Parts, Problem, Reader
from valpnas.errors import DataError
from valpnas.graph.tasks import Regression
from valpnas.graph.valp import Input, Output

# The first seed with which no part is off by more than a tenth of a standard deviation in any target's mean, or by more
# than a tenth in its spread, as for ``student``: 192 designs are few.
SPLIT_SEED = 54

# Two of the eight figures are names of things; each of their values becomes a column.
ORIENTATIONS = (2, 3, 4, 5)
GLAZINGS = (0, 1, 2, 3, 4, 5)  # which side has more windows: none at all, as many everywhere, or one of four
CODES: Mapping[str, tuple[int, ...]] = {"X6": ORIENTATIONS, "X8": GLAZINGS}
COLUMNS = ("X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8")
LOADS = {"heating": "Y1", "cooling": "Y2"}
WIDTH = sum(len(CODES.get(name, ("number",))) for name in COLUMNS)

# Validation objectives of the constant predictor, the mean of the training rows (recomputed by a test).
REFERENCE = {"heating": 0.907, "cooling": 0.887}

# Bounds that no model is expected to pass: half of what gradient-boosted trees leave (0.0038 and 0.0098). 116 rows of
# 29 designs judge, so that differences of a tenth mean little.
IDEAL = {"heating": 0.002, "cooling": 0.005}

FILE = DataFile(
    name="ENB2012_data.xlsx",
    url="https://archive.ics.uci.edu/static/public/242/energy+efficiency.zip",
    sha256="0089fcffc1415e41e2ff63730cca5280efe54fc43d722dfde1b0aaa808e35dc4",
    folder="tabular",
    members=("ENB2012_data.xlsx",),
)


def energy() -> Problem:
    """Return the problem; its file is looked for, and fetched if need be, when it is loaded."""
    return Problem(
        name="energy",
        summary="heating and cooling load of a house from eight figures of its design",
        inputs=(Input("design", (WIDTH,)),),
        outputs=tuple(Output(name, Regression(1)) for name in LOADS),
        load=_load,
        reference=REFERENCE,
        ideal=IDEAL,
        files=(FILE,),
    )


def _load(reader: Reader) -> Parts:
    return split_designs(read_rows(_cells(read_content(FILE, reader))))


def _cells(content: bytes) -> Iterator[Sequence[object]]:
    from openpyxl import load_workbook

    sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
    # Below the table, and to the right of it, the sheet holds several hundred empty rows and two empty columns.
    return (row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row))


def read_rows(cells: Iterator[Sequence[object]]) -> Part:
    """Return the rows of the table, whose first row names the columns.

    Raises:
        DataError: a column is missing, or a cell is no number or no code of its column.
    """
    header = list(next(cells, ()))
    if missing := [name for name in (*COLUMNS, *LOADS.values()) if name not in header]:
        raise DataError(f"{FILE.name}: expected a column {missing[0]!r}, got none; replace the file")
    rows = [dict(zip(header, row, strict=True)) for row in cells]
    design = [[x for name in COLUMNS for x in _encode(name, row[name], n)] for n, row in enumerate(rows, 2)]
    loads = {load: [_encode(name, row[name], n) for n, row in enumerate(rows, 2)] for load, name in LOADS.items()}
    return Part({"design": _table(design)}, {name: _table(values) for name, values in loads.items()})


def _encode(column: str, cell: object, line: int) -> list[float]:
    codes = CODES.get(column, ())
    if not isinstance(cell, int | float) or (codes and cell not in codes):
        wanted = f"one of {', '.join(map(str, codes))}" if codes else "a number"
        raise DataError(f"{FILE.name}, row {line}: expected {wanted} in {column!r}, got {cell!r}; correct the cell")
    return [float(cell == code) for code in codes] if codes else [float(cell)]


def _table(rows: list[list[float]]) -> NDArray[np.float32]:
    return np.asarray(rows, dtype=np.float32)


def split_designs(rows: Part) -> Parts:
    """Split the designs at random, each with all its orientations."""
    start = COLUMNS.index("X6")
    others = np.delete(rows.inputs["design"], range(start, start + len(ORIENTATIONS)), axis=1)
    _, design = np.unique(others, axis=0, return_inverse=True)
    chosen = Parts.split(Part({"design": np.arange(design.max() + 1)}, {}), SPLIT_SEED)
    parts = (chosen.train, chosen.diagnostic, chosen.validation, chosen.test)
    return Parts(*(rows.take(np.flatnonzero(np.isin(design, part.inputs["design"]))) for part in parts))
