"""Series of the UCR and UEA archives: what is read, how it is prepared and split, and what is refused."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.file_server import serve
from tests.problems.constants import reference_of
from valpnas import catalog
from valpnas.contracts.data_files import checked_by, find_with_content
from valpnas.contracts.problem import PARTS, Reader
from valpnas.errors import ConfigError, DataError, UnknownNameError
from valpnas.problems import series as family
from valpnas.problems._series_files import Labelled, read_series
from valpnas.problems._series_preparation import filled, notes, prepared
from valpnas.testing.problems import check_problem

HEAD = "#a comment\n@problemName Made\n@timeStamps false\n@classLabel true a b\n@data\n"


def tsv(rows: int, seed: int, length: int = 12) -> str:
    """Series of two classes, one of which rises."""
    rng = np.random.default_rng(seed)
    lines = []
    for row in range(rows):
        kind = 1 + row % 2
        values = rng.standard_normal(length) + (kind - 1) * np.arange(length)
        lines.append("\t".join([str(kind), *(f"{value:.6f}" for value in values)]))
    return "\n".join(lines) + "\n"


def ts(series: Sequence[tuple[str, str]]) -> str:
    return HEAD + "\n".join(f"{values}:{label}" for values, label in series) + "\n"


def put(folder: Path, train: str, test: str, ending: str = ".tsv", archive: str = "ucr", name: str = "Made") -> Path:
    (folder / archive).mkdir(exist_ok=True)
    for part, text in (("TRAIN", train), ("TEST", test)):
        content = text.encode()
        path = folder / archive / f"{name}_{part}{ending}"
        path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache, in a folder of the test's own."""
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "valpnas"


@pytest.mark.parametrize("ending", [".tsv", ".tsv.gz"])
def test_a_set_of_ones_own_is_a_whole_problem(tmp_path: Path, ending: str) -> None:
    problem = catalog.problem("ucr:Made", put(tmp_path, tsv(200, 0), tsv(30, 1), ending))
    parts = check_problem(problem, Reader(tmp_path), duplicates=0)
    assert (problem.name, problem.inputs[0].shape, problem.notes) == ("ucr:Made", (1, 12), ())
    assert [len(getattr(parts, part)) for part in PARTS] == [130, 20, 50, 30]
    assert problem.reference == reference_of(problem, parts)
    assert problem.ideal["label"] == pytest.approx(problem.reference["label"] / 100)


def test_both_formats_say_the_same() -> None:
    rows = [("1,2,4,8", "a"), ("3,1,2,?", "b"), ("NaN,2.5,-1e3,0", "a")]
    one = read_series(ts(rows).encode(), "x.ts")
    other = read_series("\n".join("\t".join([k, *v.replace("?", "NaN").split(",")]) for v, k in rows).encode(), "x.tsv")
    assert list(one.labels) == list(other.labels) == ["a", "b", "a"]
    for first, second in zip(one.series, other.series, strict=True):
        np.testing.assert_array_equal(first, second)


def test_channels_of_a_ts_file_come_in_order_and_short_ones_miss_their_end() -> None:
    (series,) = read_series(ts([("1,2,3:4,5", "a")]).encode(), "x.ts").series
    np.testing.assert_array_equal(series, [[1, 2, 3], [4, 5, np.nan]])


def test_labels_spelt_as_numbers_are_alike_however_printed() -> None:
    found = read_series(b"1\t0\t1\n1.0\t0\t1\n1.0000000e+00\t0\t1\n-1\t0\t1\n2.5\t1\t0\nleft\t1\t0\n", "x.tsv")
    assert list(found.labels) == ["1", "1", "1", "-1", "2.5", "left"]


def test_series_are_standardised_each_for_itself_and_constants_are_zeros() -> None:
    rows = [np.array([[1.0, 2, 3, 6], [5, 5, 5, 5]]), np.array([[1e9 + 1, 1e9, 1e9, 1e9], [0.1, 0.1, 0.1, 0.1]])]
    made = prepared(rows, 4)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made[:, 0].mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(made[0, 0].std(), 1, atol=1e-6)
    assert not made[:, 1].any()


def test_gaps_are_interpolated_and_ends_take_the_nearest() -> None:
    np.testing.assert_allclose(filled(np.array([[np.nan, 1, np.nan, np.nan, 4, np.nan]])), [[1, 1, 2, 3, 4, 4]])
    np.testing.assert_array_equal(filled(np.array([[np.nan, np.nan], [3, np.nan]])), [[0, 0], [3, 3]])


def test_shorter_series_end_in_zeros_and_longer_ones_are_cut_before_they_are_scaled() -> None:
    made = prepared([np.array([[1.0, 3]]), np.array([[1.0, 3, 1, 3, 100]])], 4)
    np.testing.assert_allclose(made[:, 0], [[-1, 1, 0, 0], [-1, 1, -1, 1]], atol=1e-6)


def test_what_was_done_is_told() -> None:
    short, gap, long = np.ones((1, 2)), np.array([[1, np.nan, 3.0]]), np.ones((1, 5))
    train, test = Labelled([short, gap], ["a", "b"]), Labelled([long, gap, gap], ["a", "b", "b"])
    told = notes(train, test, 3)
    assert told[0].startswith("1 missing values of the training file and 2 of the test file are interpolated")
    assert told[1].startswith("series of 2 to 3 values")
    assert told[2] == "1 test series are longer than any for training: cut to 3 values"
    assert notes(Labelled([gap[:, ::2]], ["a"]), Labelled([gap[:, ::2]], ["a"]), 2) == ()


def test_a_tsv_row_ends_where_its_set_says_so() -> None:
    row = b"1\t1\tNaN\t3\tNaN\tNaN\n"
    assert read_series(row, "x").series[0].shape == (1, 5)
    np.testing.assert_array_equal(read_series(row, "x", ends_in_nan=True).series[0], [[1, np.nan, 3]])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "expected series, got an empty file"),
        (b"@problemName x\n1,2:a\n", "expected a line @data, got none"),
        (b"@classLabel false\n@data\n1,2:3\n", "expected class labels, got none"),
        (b"@timeStamps true\n@classLabel true a\n@data\n1,2:a\n", "without time stamps"),
        (HEAD.encode(), "expected series behind @data"),
        (HEAD.encode() + b"1,2\n", "series 1: expected values and a label"),
        (HEAD.encode() + b"1,2:a\n1,x:b\n", "series 2: expected numbers, got could not convert string to float: 'x'"),
        (HEAD.encode() + b"1,2:a\n1,inf:b\n", "series 2: expected finite values, got infinite ones"),
        (HEAD.encode() + b"1,2:a\n1,2:1,2:b\n", r"as many channels in each series, got \[1, 2\]"),
        (b"1\t2\t3\n2\ttwo\t3\n", "line 2: expected numbers"),
        (b"1\n", "line 1: expected finite values, got none"),
        (b"\xff\x00\x01", "expected a text file, got a binary one"),
    ],
)
def test_what_is_no_file_of_series_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(DataError, match=f"^some.*{told}"):
        read_series(content, "some")


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (tsv(60, 0).replace("2\t", "1\t"), tsv(4, 1), "two classes or more, got 1"),
        (tsv(60, 0), tsv(4, 1) + tsv(1, 2).replace("1\t", "7\t", 1), "test labels among 1, 2, got '7'"),
        (tsv(4, 0), tsv(4, 1), "to hold out 2 of 2 classes"),
    ],
)
def test_sets_that_make_no_problem_are_refused(tmp_path: Path, train: str, test: str, told: str) -> None:
    if "hold out" in told:
        train = "\n".join(train.splitlines()[:3])
    with pytest.raises(DataError, match=told):
        catalog.problem("ucr:Made", put(tmp_path, train, test))


def test_an_unknown_set_offers_what_is_near_and_tells_what_is_at_hand(tmp_path: Path) -> None:
    put(tmp_path, tsv(60, 0), tsv(4, 1))
    with pytest.raises(
        UnknownNameError, match=r"^unknown ucr series 'ECG500': did you mean .*\? \(at hand: ucr:Made\)$"
    ):
        catalog.problem("ucr:ECG500", tmp_path)
    with pytest.raises(UnknownNameError, match=r"^unknown ucr series 'ecg5000': did you mean ECG5000"):
        catalog.problem("ucr:ecg5000")
    for bare, meant in (("ECG5000", "ucr:ECG5000"), ("ecg5000", "ucr:ECG5000"), ("PenDigits", "uea:PenDigits")):
        with pytest.raises(UnknownNameError, match=rf"^unknown problem '{bare}': did you mean {meant}\b"):
            catalog.problem(bare)
    with pytest.raises(UnknownNameError, match=r"^unknown uea series 'PenDigit': did you mean PenDigits"):
        catalog.problem("uea:PenDigit", tmp_path)
    for bare in ("ucr", "ucr:"):
        with pytest.raises(ConfigError, match=f"expected problem ucr:NAME, got '{bare}'; say which NAME"):
            catalog.problem(bare, tmp_path)


def test_a_known_set_is_fetched_from_its_zip_and_said_to_be_known_by_form(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.contracts.test_data_files import zipped

    rows = ts([(f"{i},{i * i % 7},{i % 3}", "ab"[i % 2]) for i in range(60)])
    archive = zipped({"Coffee_TRAIN.ts": rows.encode(), "Coffee_TEST.ts": rows.encode()})
    with serve({"Coffee.zip": archive}, monkeypatch) as address:
        monkeypatch.setattr(family, "ADDRESS", address)
        problem = catalog.problem("ucr:Coffee", tmp_path)
    assert problem.inputs[0].shape == (1, 3)
    path, content = find_with_content(problem.files[0], Reader())  # the server is gone
    assert path == cache / "ucr" / "Coffee_TRAIN.ts"
    assert checked_by(problem.files[0], content).startswith("form only: no checksum is published; its SHA-256 is ")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    put(tmp_path, tsv(60, 0), tsv(4, 1), ".tsv.gz")
    path = tmp_path / "ucr" / "Made_TRAIN.tsv.gz"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"Made_TRAIN\.tsv\.gz: expected a whole file, got a file that was cut off"):
        catalog.problem("ucr:Made", tmp_path)


SETS = {
    "ucr:ECG5000": ((1, 140), 5, [415, 25, 60, 4500]),
    "ucr:SwedishLeaf": ((1, 128), 15, [415, 25, 60, 625]),
    "ucr:MelbournePedestrian": ((1, 24), 10, [1015, 60, 119, 2439]),
    "uea:PenDigits": ((2, 8), 10, [6370, 375, 749, 3498]),
    "uea:BasicMotions": ((6, 100), 4, [26, 4, 10, 40]),
    "uea:JapaneseVowels": ((12, 26), 9, [190, 20, 60, 370]),
}


@pytest.mark.data
@pytest.mark.parametrize("name", SETS)
def test_real_sets_keep_every_promise(name: str, data_reader: Reader) -> None:
    shape, classes, rows = SETS[name]
    problem = catalog.problem(name, data_reader.folder)
    parts = check_problem(problem, data_reader)
    assert problem.inputs[0].shape == shape
    assert problem.outputs[0].task.width == classes
    assert [len(getattr(parts, part)) for part in PARTS] == rows
    assert problem.reference == pytest.approx(reference_of(problem, parts))
    told = {"ucr:MelbournePedestrian": 1, "uea:JapaneseVowels": 2}
    assert len(problem.notes) == told.get(name, 0)
