"""Features: the compact table of places and gains that predictors learn from, made of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import stdev
from typing import cast, get_args

from valpnas.errors import UnknownNameError
from valpnas.experiments.gains.gain import By, Gain, gains
from valpnas.experiments.gains.prices import FACTORS, trait_rows
from valpnas.experiments.gains.study import Study, read_study
from valpnas.predictors.gain_table import GainTable, Row, joined


def features(study: Study, by: By = "loss") -> GainTable:
    """Return a row per changed place of a study, its gains at every horizon, and the digest that its notes have."""
    found = gains(study.rows, by)
    traits, names = trait_rows(found, study.models)
    problem = study.notes["settings"]["problem"]
    places: dict[tuple[int, str, str], list[tuple[Gain, dict[str, float]]]] = {}
    for gain, values in zip(found, traits, strict=True):
        own = {name: float(value) for name, value in zip(names, values, strict=True) if name not in FACTORS}
        places.setdefault((gain.model, gain.variant, str(gain.site)), []).append((gain, own))
    source = {
        "problem": problem, "sha256": study.notes["sha256"], "date": study.notes["date"], "models": len(study.models),
        "gain in": by, "initial_batches": study.notes["settings"]["initial_batches"],
        "learning_rate": study.notes["settings"]["learning_rate"],
    }  # fmt: skip
    return GainTable(tuple(_row(problem, place) for place in places.values()), (source,))


def features_of(tables: Sequence[Path], by: str = "loss") -> GainTable:
    """Read studies and return their joint table.

    Raises:
        StoreError: one was altered, or two are of one problem.
        UnknownNameError: ``by`` is none of the figures that gains are in.
    """
    if by not in get_args(By):
        raise UnknownNameError("figure for --by", by, get_args(By))
    return joined(features(read_study(table), cast(By, by)) for table in tables)


def _row(problem: str, horizons: Sequence[tuple[Gain, dict[str, float]]]) -> Row:
    (first, traits), *_ = horizons
    return Row(
        problem=problem,
        model=first.model,
        variant=first.variant,
        place=str(first.site),
        parameters=first.parameters,
        multiply_adds=first.multiply_adds,
        gains={gain.batches: gain.mean for gain, _ in horizons},
        spreads={gain.batches: stdev(gain.repeats) for gain, _ in horizons if len(gain.repeats) > 1},
        traits=traits,
    )
