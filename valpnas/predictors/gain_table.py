"""The table of gains: what changes of trained models gained, with the traits of their places; one or more studies."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isnan, nan
from pathlib import Path
from typing import Any

from valpnas.errors import StoreError
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.store.files import explained, whole, write_text

FORMAT = "valpnas-gains/2"
_WHICH = ("problem", "model", "variant", "setting", "place")
_FACTORS = ("parameters", "multiply_adds")
_GAIN, _SPREAD, _TRAIT = "gain_", "spread_", "trait_"


@dataclass(frozen=True)
class Row:
    """A change at a place of base model ``model`` of ``problem``; ``setting`` is what it sets, if not the graph.

    ``gains`` by horizon (batches) are mean gains in log loss beyond the same batches without the change, ``spreads``
    the standard deviations of a single retraining's; a horizon that no retraining reached is missing, and so is the
    spread of a single one. ``parameters`` and ``multiply_adds`` are factors.
    """

    problem: str
    model: int
    variant: str
    setting: str
    place: str
    parameters: float
    multiply_adds: float
    gains: Mapping[int, float]
    spreads: Mapping[int, float]
    traits: Mapping[str, float]

    @property
    def change(self) -> str:
        """The kind of change: places of one are alike in all but their traits."""
        return change_of(self.variant, self.setting)

    @property
    def base(self) -> tuple[str, int]:
        """The base model: rows of one are no independent sample."""
        return self.problem, self.model


@dataclass(frozen=True)
class GainTable:
    """Rows and where they come from: per study its problem, the digest of its table, and what was measured how."""

    rows: tuple[Row, ...]
    sources: tuple[Mapping[str, Any], ...]

    @property
    def digest(self) -> str:
        """What tells the rows from any others, whatever file they are in."""
        return _digest(_csv(self))

    @property
    def horizons(self) -> tuple[int, ...]:
        """Batches after which gains were measured, rising; of some rows some are missing."""
        return tuple(sorted({batches for row in self.rows for batches in row.gains}))

    def at(self, horizon: int) -> tuple[Row, ...]:
        """Return the rows that have a gain at ``horizon``; raises ``StoreError`` when none has."""
        found = tuple(row for row in self.rows if horizon in row.gains)
        if not found:
            known = ", ".join(map(str, self.horizons)) or "none"
            raise StoreError(f"expected gains after {horizon} batches, the table has {known}; name one of these")
        return found


def change_of(variant: str, setting: str) -> str:
    """Return the kind of change: the variant, with what it sets, for to halve is another change than to double."""
    return f"{variant} ({setting})" if setting else variant


def joined(tables: Iterable[GainTable]) -> GainTable:
    """Return one table of several studies; raises ``StoreError`` when two are of one problem."""
    tables = list(tables)
    sources = tuple(source for table in tables for source in table.sources)
    problems = [source["problem"] for source in sources]
    if len(set(problems)) < len(problems):
        raise StoreError(f"expected one study per problem, got {', '.join(sorted(problems))}; leave all but one out")
    return GainTable(tuple(row for table in tables for row in table.rows), sources)


def write_table(table: GainTable, path: Path) -> None:
    """Write CSV behind a first line that says what it is, as JSON, with a digest of all that follows."""
    content = _csv(table)
    head = {"format": FORMAT, "sha256": _digest(content), "sources": list(table.sources)}
    write_text(path, f"# {json.dumps(head, sort_keys=True)}\n{content}")


def read_table(path: Path) -> GainTable:
    """Read what ``write_table`` wrote.

    Raises:
        StoreError: it is missing, was altered, was made by an older version, or has other traits than places have now.
    """
    with explained(path, "read"):
        text = path.read_bytes()
    if not text.startswith(b"# {"):
        raise StoreError(
            f"{path}: expected a table of gains, got a file that does not begin as one; "
            "`valpnas experiment features` makes one"
        )
    with whole(path, "a table of gains"):
        first, _, content = text.decode().partition("\n")
        head = json.loads(first.removeprefix("# "))
        _check_format(path, head["format"])
        if head["sha256"] != _digest(content):
            raise ValueError("other rows than its first line describes")
        read = csv.DictReader(io.StringIO(content), strict=True)
        _check_traits(path, read.fieldnames or ())
        return GainTable(tuple(_row(row) for row in read), tuple(head["sources"]))


def _check_format(path: Path, found: str) -> None:
    """Raise ``ValueError`` when it is no table of gains, and ``StoreError`` when another version made it."""
    if found.rpartition("/")[0] != FORMAT.rpartition("/")[0]:
        raise ValueError(f"format {found!r}")
    if found != FORMAT:
        raise StoreError(
            f"{path}: expected a table of gains of format {FORMAT}, got one of {found}, which another version made; "
            "make it anew with `valpnas experiment features`"
        )


def _check_traits(path: Path, columns: Sequence[str]) -> None:
    """Raise ``StoreError`` when the table's traits are not those that places have now."""
    known = {column.removeprefix(_TRAIT) for column in columns if column.startswith(_TRAIT)}
    lacking, unknown = sorted({*PLACE_TRAITS} - known), sorted(known - {*PLACE_TRAITS})
    if lacking or unknown:
        said = [f"{what} {', '.join(names)}" for what, names in (("without", lacking), ("with", unknown)) if names]
        raise StoreError(
            f"{path}: expected the traits that places have now, got a table {' and '.join(said)}; "
            "make it anew with `valpnas experiment features`"
        )


def _csv(table: GainTable) -> str:
    text, horizons = io.StringIO(), table.horizons
    sheet = csv.writer(text, lineterminator="\n")
    measured = [f"{kind}{batches}" for batches in horizons for kind in (_GAIN, _SPREAD)]
    sheet.writerow([*_WHICH, *_FACTORS, *measured, *(_TRAIT + t for t in PLACE_TRAITS)])
    for row in table.rows:
        figures = [kind.get(batches, nan) for batches in horizons for kind in (row.gains, row.spreads)]
        numbers = [row.parameters, row.multiply_adds, *figures, *(row.traits[trait] for trait in PLACE_TRAITS)]
        sheet.writerow([row.problem, row.model, row.variant, row.setting, row.place, *map(_shown, numbers)])
    return text.getvalue()


def _row(row: Mapping[str, str]) -> Row:
    if None in row or None in row.values():
        raise ValueError("a row of another length")
    return Row(
        problem=row["problem"],
        model=int(row["model"]),
        variant=row["variant"],
        setting=row["setting"],
        place=row["place"],
        parameters=float(row["parameters"]),
        multiply_adds=float(row["multiply_adds"]),
        gains=_by_horizon(row, _GAIN),
        spreads=_by_horizon(row, _SPREAD),
        traits={trait: float(row[_TRAIT + trait]) for trait in PLACE_TRAITS},
    )


def _by_horizon(row: Mapping[str, str], kind: str) -> dict[int, float]:
    return {int(name.removeprefix(kind)): float(row[name]) for name in row if name.startswith(kind) and row[name]}


def _shown(value: float) -> str:
    """Return five significant digits: the noise of a gain is larger than the rest."""
    return "" if isnan(value) else f"{value:.5g}"


def _digest(content: str) -> str:
    return sha256(content.encode()).hexdigest()
