"""abalone: the age and the sex of 4,177 sea snails from seven measures of each.

UCI "Abalone" (Nash and others 1994), CC BY 4.0. The age is counted in rings of the shell. Most use the sex as an
input; here it is the second thing to be told, which makes two tasks of two kinds with much in common: what tells
infants from adults tells the age too, while males and females hardly differ.
"""

from __future__ import annotations

import csv

import numpy as np

from valpnas.contracts.data_files import DataFile, read_content
from valpnas.contracts.problem import Part, Parts, Problem, Reader
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import Input, Output

SPLIT_SEED = 2  # chosen as for ``energy``
SEXES = ("F", "I", "M")  # female, infant, male
MEASURES = ("length", "diameter", "height", "whole", "shucked", "viscera", "shell")  # mm / 200; weights in g / 200

# Validation objectives of the constant predictor: the mean and the commonest class of the training rows (recomputed
# by a test).
REFERENCE = {"rings": 0.989, "sex": 0.602}

# Bounds that no model is expected to pass: dense networks leave 0.41 of the rings' variance, and trees miss the sex of
# 45 in 100; of adults it can hardly be told from the measures.
IDEAL = {"rings": 0.3, "sex": 0.3}


def plain_lines(content: bytes) -> bytes:
    """Return the table with plain line ends and none after the last row, which copies of the file disagree on."""
    return content.replace(b"\r\n", b"\n").rstrip(b"\n")


FILE = DataFile(
    name="abalone.csv",
    url="https://archive.ics.uci.edu/static/public/1/abalone.zip",
    sha256="eb2de13be807e9bb9ec4128b9c89b98ab23d7739121cfd17b7dde69b46ba7bf6",
    folder="tabular",
    members=("abalone.data",),
    normalise=plain_lines,
)


def abalone() -> Problem:
    """Return the problem; its file is looked for, and fetched if need be, when it is loaded."""
    return Problem(
        name="abalone",
        summary="age and sex of sea snails from seven measures",
        inputs=(Input("measures", (len(MEASURES),)),),
        outputs=(Output("rings", Regression(1)), Output("sex", Classification(len(SEXES)))),
        load=_load,
        reference=REFERENCE,
        ideal=IDEAL,
        files=(FILE,),
    )


def _load(reader: Reader) -> Parts:
    return Parts.split(read_table(read_content(FILE, reader).decode("ascii")), SPLIT_SEED)


def read_table(table: str) -> Part:
    """Return the rows of the table: sex, seven measures, rings; it has no header.

    Raises:
        DataError: there are no rows, a row is too short or too long, its sex is unknown, or a cell is no number.
    """
    rows = [_row(cells, line) for line, cells in enumerate(csv.reader(table.splitlines()), 1)]
    if not rows:
        raise DataError(f"{FILE.name}: expected rows, got none; replace the file")
    sexes, measures, rings = zip(*rows, strict=True)
    inputs = {"measures": np.asarray(measures, dtype=np.float32)}
    return Part(inputs, {"rings": np.asarray(rings, dtype=np.float32)[:, None], "sex": np.asarray(sexes)})


def _row(cells: list[str], line: int) -> tuple[int, list[float], float]:
    what = f"{FILE.name}, line {line}: expected"
    if len(cells) != len(MEASURES) + 2:
        raise DataError(f"{what} a sex, {len(MEASURES)} measures and rings, got {len(cells)} cells; correct the row")
    sex, *numbers = cells
    if sex not in SEXES:
        raise DataError(f"{what} a sex among {', '.join(SEXES)}, got {sex!r}; correct the cell")
    try:
        *measures, rings = map(float, numbers)
    except ValueError as error:
        raise DataError(f"{what} numbers after the sex, got {','.join(numbers)!r}; correct the row") from error
    return SEXES.index(sex), measures, rings
