"""student: the marks of 649 Portuguese pupils, and whether they pass, from two tables: the person and the school.

UCI "Student Performance" (Cortez and Silva 2008), CC BY 4.0. Only the course of Portuguese is used: most pupils of
the course of mathematics (student-mat.csv) are in it too, and would end up in two parts at once. No mark is an
input, so this is the hard form of the problem: at best a third of the variance can be explained.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from valpnas.contracts.data_files import DataFile, read_content
from valpnas.contracts.problem import Part, Parts, Problem, Reader
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import Input, Output

# The first seed with which no part is off by more than a tenth of a standard deviation in any target's mean, or by
# more than a tenth in its spread: with 98 rows a part, a split that never looks is often off by more than models
# differ. It was chosen before any model was trained.
SPLIT_SEED = 20
PASS_MARK = 10  # of 20, in the third mark

Column = tuple[str, ...]  # the values a column may have; empty for a whole number
NUMBER: Column = ()
YES: Column = ("no", "yes")
JOB: Column = ("at_home", "health", "other", "services", "teacher")

# Two values become 0 and 1, more become one column each, numbers (grades such as 1 "very low" to 5 among them) stay.
PERSON: Mapping[str, Column] = {
    "sex": ("F", "M"),
    "age": NUMBER,
    "address": ("R", "U"),  # rural, urban
    "famsize": ("LE3", "GT3"),  # up to three, more
    "Pstatus": ("A", "T"),  # parents apart, together
    "Medu": NUMBER,  # mother's education, 0 to 4
    "Fedu": NUMBER,
    "Mjob": JOB,
    "Fjob": JOB,
    "guardian": ("father", "mother", "other"),
    "internet": YES,
    "romantic": YES,
    **dict.fromkeys(("famrel", "freetime", "goout", "Dalc", "Walc", "health"), NUMBER),
}
SCHOOL: Mapping[str, Column] = {
    "school": ("GP", "MS"),
    "reason": ("course", "home", "other", "reputation"),
    **dict.fromkeys(("traveltime", "studytime", "failures"), NUMBER),
    **dict.fromkeys(("schoolsup", "famsup", "paid", "activities", "nursery", "higher"), YES),
    "absences": NUMBER,
}
MARKS = ("G1", "G2", "G3")

# Validation objectives of the constant predictor: the mean and the commonest class of the training rows (recomputed
# by a test).
REFERENCE = {"g1": 0.9, "g2": 0.999, "g3": 1.12, "passed": 0.163}

# Bounds that no model is expected to pass: half of the constant's error for a mark (forests and ridge regression
# leave 0.6 of it) and a third for passing (they do no better than the constant there).
IDEAL = {"g1": 0.45, "g2": 0.5, "g3": 0.56, "passed": 0.054}


def plain_csv(content: bytes) -> bytes:
    """Return the table with commas and without quotes: UCI's own file has semicolons, most copies have commas."""
    return content.replace(b"\r\n", b"\n").replace(b'"', b"").replace(b";", b",")


FILE = DataFile(
    name="student-por.csv",
    url="https://archive.ics.uci.edu/static/public/320/student+performance.zip",
    sha256="3fb408fe4b66d4cdb90ad4ec5e3fb6de94ba662d0471a3d46c03da483069f76b",
    folder="tabular",
    members=("student.zip", "student-por.csv"),
    normalise=plain_csv,
)


def student() -> Problem:
    """Return the problem; its file is looked for, and fetched if need be, when it is loaded."""
    return Problem(
        name="student",
        summary="Portuguese pupils: three marks and passing, from two tables, the person and the school",
        inputs=(Input("person", (_width(PERSON),)), Input("school", (_width(SCHOOL),))),
        outputs=(*(Output(mark.lower(), Regression(1)) for mark in MARKS), Output("passed", Classification(2))),
        load=_load,
        reference=REFERENCE,
        ideal=IDEAL,
        files=(FILE,),
    )


def _load(reader: Reader) -> Parts:
    table = read_content(FILE, reader).decode("ascii")
    return Parts.split(read_table(table), SPLIT_SEED)


def read_table(table: str) -> Part:
    """Return the rows of the table, comma-separated with a header.

    Raises:
        DataError: it has no rows, a column is missing, or a cell holds what its column may not.
    """
    rows = list(csv.DictReader(table.splitlines()))
    if not rows:
        raise DataError(f"{FILE.name}: expected rows below a line of names, got none; replace the file")
    inputs = {"person": _encode(rows, PERSON), "school": _encode(rows, SCHOOL)}
    marks = {mark.lower(): _encode(rows, {mark: NUMBER}) for mark in MARKS}
    return Part(inputs, {**marks, "passed": (marks["g3"][:, 0] >= PASS_MARK).astype(np.int64)})


def _width(columns: Mapping[str, Column]) -> int:
    return sum(len(values) if len(values) > 2 else 1 for values in columns.values())


def _encode(rows: list[dict[str, str]], columns: Mapping[str, Column]) -> NDArray[np.float32]:
    """Return the columns as numbers, ``(n, width)``."""
    cells = [[x for name in columns for x in _cell(name, columns[name], row, line)] for line, row in enumerate(rows, 2)]
    return np.asarray(cells, dtype=np.float32)


def _cell(name: str, values: Column, row: Mapping[str, str | None], line: int) -> list[float]:
    text = row.get(name)
    if text is None:
        raise DataError(f"{FILE.name}, line {line}: expected a column {name!r}, got none; replace the file")
    if not (text in values or (not values and text.isdecimal())):
        wanted = " or ".join(values) or "a whole number"
        raise DataError(f"{FILE.name}, line {line}: expected {wanted} in {name!r}, got {text!r}; correct the cell")
    if len(values) > 2:
        return [float(text == value) for value in values]
    return [float(values.index(text) if values else text)]
