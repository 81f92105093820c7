"""energy: the workbook, the encoding of its codes, and a split that keeps a design's orientations together."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from valpnas.contracts.problem import PARTS, Part, Reader, check_part
from valpnas.errors import DataError
from valpnas.problems import energy as module
from valpnas.problems.energy import COLUMNS, FILE, energy, read_rows, split_designs

HEADER = [*COLUMNS, "Y1", "Y2"]
FIRST = [0.98, 514.5, 294, 110.25, 7, 2, 0, 0, 15.55, 21.33]
LAST = [0.62, 808.5, 367.5, 220.5, 3.5, 5, 0.4, 5, 16.64, 16.03]


def read(*rows: Sequence[object]) -> Part:
    return read_rows(iter(rows))


def workbook(*rows: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_numbers_stay_and_codes_become_columns() -> None:
    part = read(HEADER, FIRST, LAST)
    check_part(energy().inputs, energy().outputs, part)
    expected = [
        [0.98, 514.5, 294, 110.25, 7, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        [0.62, 808.5, 367.5, 220.5, 3.5, 0, 0, 0, 1, 0.4, 0, 0, 0, 0, 0, 1],
    ]
    assert np.allclose(part.inputs["design"], expected)
    assert np.allclose(part.targets["heating"], [[15.55], [16.64]])
    assert np.allclose(part.targets["cooling"], [[21.33], [16.03]])


def test_empty_rows_and_columns_of_the_sheet_are_left_out() -> None:
    content = workbook([*HEADER, None], [*FIRST, None], [None] * 11, [*LAST, None], [None] * 11)
    assert len(read_rows(module._cells(content))) == 2


@pytest.mark.parametrize(
    ("column", "cell", "wanted"),
    [
        ("X1", "wide", "a number in 'X1', got 'wide'"),
        ("X3", None, "a number in 'X3', got None"),
        ("X6", 6, "one of 2, 3, 4, 5 in 'X6', got 6"),
        ("X8", 2.5, "one of 0, 1, 2, 3, 4, 5 in 'X8', got 2.5"),
        ("Y2", "", "a number in 'Y2', got ''"),
    ],
)
def test_a_wrong_cell_is_refused(column: str, cell: object, wanted: str) -> None:
    wrong = [cell if name == column else value for name, value in zip(HEADER, LAST, strict=True)]
    with pytest.raises(DataError, match=rf"^ENB2012_data.xlsx, row 3: expected {wanted}; correct the cell$"):
        read(HEADER, FIRST, wrong)


def test_a_missing_column_is_refused() -> None:
    for rows in ([], [HEADER[:-1], FIRST[:-1]]):
        with pytest.raises(DataError, match=r"expected a column '.*', got none; replace the file"):
            read(*rows)


def test_a_missing_file_says_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    (tmp_path / "tabular").mkdir()
    (tmp_path / "tabular" / FILE.name).write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(DataError, match=rf"^{tmp_path}/tabular/ENB2012_data.xlsx: expected content of SHA-256"):
        energy().load(Reader(tmp_path))


def test_a_design_stays_in_one_part_under_all_its_orientations() -> None:
    designs = [[*FIRST[:4], height, orientation, *FIRST[6:]] for height in range(40) for orientation in (2, 3, 4, 5)]
    parts = split_designs(read(HEADER, *designs))
    heights = [set(getattr(parts, name).inputs["design"][:, 4].tolist()) for name in PARTS]
    assert sum(map(len, heights)) == 40
    assert set().union(*heights) == set(map(float, range(40)))
    assert sum(len(getattr(parts, name)) for name in PARTS) == 160
