"""abalone: the table without a header, and rows that are not right."""

from __future__ import annotations

import numpy as np
import pytest

from valpnas.contracts.problem import check_part
from valpnas.errors import DataError
from valpnas.problems.abalone import abalone, plain_lines, read_table

ROWS = ["M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15,15", "I,1,2,3,4,5,6,7,8", "F,0,0,0,0,0,0,0,1"]


def test_sex_and_rings_are_the_targets() -> None:
    part = read_table("\n".join(ROWS))
    check_part(abalone().inputs, abalone().outputs, part)
    assert np.allclose(part.inputs["measures"][0], [0.455, 0.365, 0.095, 0.514, 0.2245, 0.101, 0.15])
    assert part.targets["rings"].tolist() == [[15.0], [8.0], [1.0]]
    assert part.targets["sex"].tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("X,1,2,3,4,5,6,7,8", "a sex among F, I, M, got 'X'; correct the cell"),
        ("M,1,2,3,4,5,6,7", "a sex, 7 measures and rings, got 8 cells; correct the row"),
        ("M,1,2,3,4,5,6,7,8,9", "a sex, 7 measures and rings, got 10 cells; correct the row"),
        ("M,1,2,3,,5,6,7,8", "numbers after the sex, got '1,2,3,,5,6,7,8'; correct the row"),
        ("", "a sex, 7 measures and rings, got 0 cells; correct the row"),
    ],
)
def test_a_wrong_row_is_refused(row: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table("\n".join([ROWS[0], row, ROWS[1]]))
    assert str(caught.value) == f"abalone.csv, line 2: expected {told}"


def test_spellings_of_the_table_are_evened_out() -> None:
    assert plain_lines(b"a,b\r\nc,d\r\n") == plain_lines(b"a,b\nc,d\n") == plain_lines(b"a,b\nc,d") == b"a,b\nc,d"
