"""Features: the compact table of places and gains that predictors learn from, made of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import stdev
from typing import Any, cast, get_args

from valpnas.catalog import read_spec
from valpnas.contracts.finding import Finding
from valpnas.errors import UnknownNameError
from valpnas.experiments.gains.gain import By, Gain, gains
from valpnas.experiments.gains.study import Study, read_study
from valpnas.graph.valp_json import valp_from_json
from valpnas.predictors.gain_table import GainTable, Row, joined
from valpnas.predictors.place_traits import Places, relevances

_SETTINGS = ("initial_batches", "learning_rate", "repeats")  # of a study, that say how its gains were measured


def features(study: Study, by: By = "loss") -> GainTable:
    """Return a row per changed place of a study, its gains at every horizon, and the digest that its notes have."""
    settings, models = study.notes["settings"], [_places(model) for model in study.models]
    horizons: dict[tuple[int, str, str], list[Gain]] = {}
    for gain in gains(study.rows, by):
        horizons.setdefault((gain.model, gain.variant, str(gain.site)), []).append(gain)
    rows = (_row(settings["problem"], found, models[found[0].model]) for found in horizons.values())
    source = {
        "problem": settings["problem"], "sha256": study.notes["sha256"], "date": study.notes["date"],
        "models": len(study.models), "gain in": by, **{key: settings[key] for key in _SETTINGS},
    }  # fmt: skip
    return GainTable(tuple(rows), (source,))


def features_of(tables: Sequence[Path], by: str = "loss") -> GainTable:
    """Read studies and return their joint table.

    Raises:
        StoreError: one was altered, or two are of one problem.
        UnknownNameError: ``by`` is none of the figures that gains are in.
    """
    if by not in get_args(By):
        raise UnknownNameError("figure for --by", by, get_args(By))
    return joined(features(read_study(table), cast(By, by)) for table in tables)


def _places(model: Mapping[str, Any]) -> Places:
    """Return the places of a base model, given as plain data."""
    relevance = relevances([Finding.from_json(finding) for finding in model["findings"]])
    traits = model["traits"]
    return Places(valp_from_json(model["valp"], read_spec), traits["networks"], traits["outputs"], relevance)


def _row(problem: str, horizons: Sequence[Gain], places: Places) -> Row:
    first = horizons[0]
    return Row(
        problem=problem,
        model=first.model,
        variant=first.variant,
        setting=first.site.setting,
        place=str(first.site),
        parameters=first.parameters,
        multiply_adds=first.multiply_adds,
        gains={gain.batches: gain.mean for gain in horizons},
        spreads={gain.batches: stdev(gain.repeats) for gain in horizons if len(gain.repeats) > 1},
        traits=dict(places.traits(first.site)),
    )
