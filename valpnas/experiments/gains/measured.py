"""Measured: how good a model was at one moment of the experiment, and the table of all such moments."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from valpnas.contracts.operator import Site
from valpnas.errors import StoreError
from valpnas.experiments.points import shown
from valpnas.store.files import explained

UNCHANGED = ""  # the variant of a model that was not changed

_COLUMNS = ("model", "variant", "site", "repeat", "batches", "parameters", "multiply_adds", "seconds")
_KINDS = ("objective", "loss")


@dataclass(frozen=True)
class Measured:
    """A clone of base model ``model``, changed by ``variant`` at ``site``, ``batches`` after the change.

    ``objectives`` and ``losses`` are by output, on validation and on diagnostic rows. ``multiply_adds`` are those of
    one row forward; ``seconds`` those that its training took since the change.
    """

    model: int
    variant: str
    site: Site
    repeat: int
    batches: int
    parameters: int
    multiply_adds: int
    seconds: float
    objectives: Mapping[str, float]
    losses: Mapping[str, float]

    @property
    def change(self) -> tuple[int, str, Site]:
        """What was changed and where; equal in all its repeats and moments."""
        return self.model, self.variant, self.site


def to_csv(rows: Sequence[Measured]) -> str:
    """Return the table as CSV."""
    outputs = sorted({output for row in rows for output in row.objectives})
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*_COLUMNS, *(f"{kind}_{output}" for kind in _KINDS for output in outputs)])
    for row in rows:
        site = json.dumps(row.site.to_json(), sort_keys=True) if row.variant else ""
        figures = [row.repeat, row.batches, row.parameters, row.multiply_adds, f"{row.seconds:.4f}"]
        scores = [shown(values.get(output)) for values in (row.objectives, row.losses) for output in outputs]
        table.writerow([row.model, row.variant, site, *figures, *scores])
    return text.getvalue()


def read_measured(path: Path) -> list[Measured]:
    """Read what ``to_csv`` wrote; raises ``StoreError`` when the file is missing or altered."""
    with explained(path, "read"):
        content = path.read_bytes()
    try:
        return [_read(row) for row in csv.DictReader(io.StringIO(content.decode()))]
    except (KeyError, ValueError, TypeError) as error:
        raise StoreError(
            f"{path}: expected the table of an operator experiment, got {error}; take it from a copy"
        ) from error


def _read(row: Mapping[str, str]) -> Measured:
    objectives, losses = (dict(_named(row, f"{kind}_")) for kind in _KINDS)
    site = Site.from_json(json.loads(row["site"])) if row["variant"] else Site()
    return Measured(
        model=int(row["model"]),
        variant=row["variant"],
        site=site,
        repeat=int(row["repeat"]),
        batches=int(row["batches"]),
        parameters=int(row["parameters"]),
        multiply_adds=int(row["multiply_adds"]),
        seconds=float(row["seconds"]),
        objectives=objectives,
        losses=losses,
    )


def _named(row: Mapping[str, str], prefix: str) -> Iterable[tuple[str, float]]:
    return ((name.removeprefix(prefix), float(value)) for name, value in row.items() if name.startswith(prefix))
