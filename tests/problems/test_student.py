"""student: the encoding of the table, bad tables, where the file comes from, and the figures committed with it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.file_server import serve
from tests.problems.constants import reference_of
from valpnas.contracts.data_files import find_or_fetch
from valpnas.contracts.problem import PARTS, Part, Reader, check_part
from valpnas.errors import DataError
from valpnas.problems import student as module
from valpnas.problems.student import FILE, MARKS, NUMBER, PERSON, SCHOOL, plain_csv, read_table, student

COLUMNS = {**PERSON, **SCHOOL, **dict.fromkeys(MARKS, NUMBER)}
FIRST = {name: values[0] if values else "1" for name, values in COLUMNS.items()}
LAST = {name: values[-1] if values else "20" for name, values in COLUMNS.items()}


def table(*rows: dict[str, str]) -> str:
    return "\n".join(",".join(cells) for cells in ([*COLUMNS], *(row.values() for row in rows)))


def test_columns_are_encoded_as_declared() -> None:
    part = read_table(table(FIRST, LAST))
    check_part(student().inputs, student().outputs, part)
    assert part.inputs["person"].tolist() == [
        [0, 1, 0, 0, 0, 1, 1, *[1, 0, 0, 0, 0] * 2, 1, 0, 0, 0, 0, *[1] * 6],
        [1, 20, 1, 1, 1, 20, 20, *[0, 0, 0, 0, 1] * 2, 0, 0, 1, 1, 1, *[20] * 6],
    ]
    assert part.inputs["school"].tolist() == [
        [0, 1, 0, 0, 0, 1, 1, 1, *[0] * 6, 1],
        [1, 0, 0, 0, 1, 20, 20, 20, *[1] * 6, 20],
    ]
    assert [part.targets[mark.lower()].tolist() for mark in MARKS] == [[[1.0], [20.0]]] * 3
    assert part.targets["passed"].tolist() == [0, 1]


def test_no_mark_is_an_input_and_no_column_is_in_two() -> None:
    assert not (set(PERSON) | set(SCHOOL)) & set(MARKS)
    assert len(PERSON) + len(SCHOOL) + len(MARKS) == len(COLUMNS) == 33


@pytest.mark.parametrize(("mark", "passed"), [("0", 0), ("9", 0), ("10", 1), ("20", 1)])
def test_ten_passes(mark: str, passed: int) -> None:
    assert read_table(table({**FIRST, "G3": mark})).targets["passed"].tolist() == [passed]


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("Mjob", "pilot", "at_home or health or other or services or teacher"),
        ("higher", "Yes", "no or yes"),
        ("school", "", "GP or MS"),
        ("age", "16.5", "a whole number"),
        ("absences", "-1", "a whole number"),
        ("G3", "", "a whole number"),
    ],
)
def test_an_unknown_value_is_refused(column: str, value: str, wanted: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table(table(FIRST, {**FIRST, column: value}, LAST))
    place = "student-por.csv, line 3: expected"
    assert str(caught.value) == f"{place} {wanted} in {column!r}, got {value!r}; correct the cell"


def test_a_missing_column_is_refused() -> None:
    text = "\n".join(line.rpartition(",")[0] for line in table(FIRST).splitlines())
    with pytest.raises(DataError, match="line 2: expected a column 'G3', got none; replace the file"):
        read_table(text)


def test_spellings_of_the_table_are_evened_out() -> None:
    assert plain_csv(b'school;sex\r\n"GP";"F"\r\n') == b"school,sex\nGP,F\n"
    assert plain_csv(b"school,sex\nGP,F\n") == b"school,sex\nGP,F\n"


def test_a_missing_file_says_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    assert FILE.url == "https://archive.ics.uci.edu/static/public/320/student+performance.zip"
    monkeypatch.setattr(module, "FILE", replace(FILE, url="http://127.0.0.1:9/student+performance.zip"))
    with pytest.raises(DataError) as caught:
        student().load(Reader())
    for part in ("student-por.csv", "http://127.0.0.1:9/student+performance.zip", "VALPNAS_DATA", "put"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.data
def test_the_reference_is_the_constant_predictor(data_reader: Reader) -> None:
    parts = student().load(data_reader)
    assert student().reference == pytest.approx(reference_of(student(), parts), abs=5e-4)


@pytest.mark.data
def test_every_part_fits_the_declaration_and_resembles_the_whole(data_reader: Reader) -> None:
    parts = student().load(data_reader)
    sizes = [len(getattr(parts, name)) for name in PARTS]
    assert sizes == [389, 65, 98, 97]
    every = {name: np.concatenate([getattr(parts, p).targets[name] for p in PARTS]) for name in parts.train.targets}
    for name in PARTS:
        part: Part = getattr(parts, name)
        check_part(student().inputs, student().outputs, part)
        for target, whole in every.items():
            assert abs(part.targets[target].mean() - whole.mean()) < 0.1 * whole.std(), (name, target)
            assert abs(part.targets[target].std() / whole.std() - 1) < 0.1, (name, target)


@pytest.mark.data
def test_the_public_archive_is_unpacked(data_reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip in a zip, and in it the table as UCI spells it: semicolons, and quotes around words."""
    plain = plain_csv(find_or_fetch(FILE, data_reader).read_bytes())
    assert hashlib.sha256(plain).hexdigest() == FILE.sha256
    inner = zipped("student-por.csv", plain.replace(b"GP,", b'"GP";').replace(b",", b";").replace(b"\n", b"\r\n"))
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    with serve({"student+performance.zip": zipped("student.zip", inner)}, monkeypatch) as address:
        monkeypatch.setattr(module, "FILE", replace(FILE, url=f"{address}student+performance.zip"))
        fetched = student().load(Reader())
    ours = student().load(data_reader)
    assert (tmp_path / "valpnas" / "tabular" / "student-por.csv").is_file()
    for name in PARTS:
        assert np.array_equal(getattr(fetched, name).inputs["person"], getattr(ours, name).inputs["person"])


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()
