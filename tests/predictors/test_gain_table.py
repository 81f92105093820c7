"""The table of gains: read as written, and refused when it was altered or has other traits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from valpnas.errors import StoreError
from valpnas.predictors.gain_table import GainTable, joined, read_table, write_table
from valpnas.predictors.shipped import TABLE

from .fabricate import by_gap, planted

GAINS = planted(by_gap, models=2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a table on disk."""
    write_table(GAINS, tmp_path / "gains.csv")
    return tmp_path / "gains.csv"


def test_a_table_is_read_as_written(file: Path) -> None:
    read = read_table(file)
    assert read == GAINS
    assert read.digest == GAINS.digest
    assert read.horizons == (400,)


def test_what_was_not_measured_is_not_there(tmp_path: Path) -> None:
    first, *others = GAINS.rows
    failed = replace(first, gains={}, spreads={})
    write_table(GainTable((failed, *others), GAINS.sources), tmp_path / "gains.csv")
    read = read_table(tmp_path / "gains.csv")
    assert read.rows[0] == failed
    assert len(read.at(400)) == len(others)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("toy,0,", "toy,1,", "other rows than its first line describes"),
        ("valpnas-gains/", "valpnas-games/", "format 'valpnas-games/"),
        ("valpnas-gains/2", "valpnas-gains/1", r"got one of valpnas-gains/1, .*`valpnas experiment features`"),
        ("# {", "# [", "expected a table of gains"),
        ("delete_network", "delete_netwörk", "other rows"),
    ],
)
def test_an_altered_table_is_one_error(file: Path, before: str, after: str, words: str) -> None:
    file.write_text(file.read_text().replace(before, after, 1))
    with pytest.raises(StoreError, match=words) as caught:
        read_table(file)
    assert "\n" not in str(caught.value)


def test_a_table_that_was_cut_off_is_one_error(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(StoreError, match="other rows"):
        read_table(file)
    file.write_bytes(b"")
    with pytest.raises(StoreError, match="expected a table of gains"):
        read_table(file)


def test_other_traits_are_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from valpnas.predictors import gain_table

    monkeypatch.setattr(gain_table, "PLACE_TRAITS", ("outputs.gap", "new"))
    with pytest.raises(StoreError, match=r"got a table without new and with outputs\.level, .*experiment features"):
        read_table(file)


def test_studies_of_different_problems_are_joined_and_of_one_refused() -> None:
    other = planted(by_gap, models=2, problem="other")
    both = joined([GAINS, other])
    assert len(both.rows) == len(GAINS.rows) + len(other.rows)
    assert {row.base for row in both.rows} == {(p, m) for p in ("toy", "other") for m in range(2)}
    with pytest.raises(StoreError, match="expected one study per problem, got other, toy, toy"):
        joined([both, GAINS])


def test_an_unknown_horizon_is_refused() -> None:
    with pytest.raises(StoreError, match="expected gains after 100 batches, the table has 400"):
        GAINS.at(100)


def test_the_table_that_ships_is_small() -> None:
    assert len(read_table(TABLE).rows) > 50
    assert TABLE.stat().st_size < 1_000_000


def test_another_file_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("a,b\n1,2\n")
    with pytest.raises(StoreError, match="expected a table of gains, got a file that does not begin as one; `valpnas"):
        read_table(tmp_path / "plain.csv")
