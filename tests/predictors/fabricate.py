"""Tables of gains with what a test plants in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from valpnas.predictors.gain_table import GainTable, Row
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.seeding import stream

Gaining = Callable[[str, Mapping[str, float], np.random.Generator], float]  # variant, traits, noise -> gain
SOURCE = {"problem": "toy", "sha256": "0" * 64, "models": 12}
VARIANTS = ("add_layer/gentle", "insert_network/gentle", "delete_network")
GROWTH = {"add_layer/gentle": 1.1, "insert_network/gentle": 1.2, "delete_network": 0.9}


def planted(
    gaining: Gaining,
    models: int = 12,
    places: int = 4,
    variants: Sequence[str] = VARIANTS,
    problem: str = "toy",
    shift: Mapping[str, float] | None = None,
) -> GainTable:
    """Return a table whose traits are standard normal, moved by ``shift``, and whose gains at 400 are ``gaining``."""
    rng, rows = stream(3, sum(problem.encode())), list[Row]()
    for model in range(models):
        for variant in variants:
            for place in range(places):
                traits = {t: float(f"{rng.standard_normal() + (shift or {}).get(t, 0.0):.5g}") for t in PLACE_TRAITS}
                gain = float(f"{gaining(variant, traits, rng):.5g}")
                growth = GROWTH.get(variant, 1.0)
                which = problem, model, variant, "", f"n{place}"
                rows.append(Row(*which, growth, growth, {400: gain}, {400: 0.01}, traits))
    return GainTable(tuple(rows), ({**SOURCE, "problem": problem},))


def shuffled(table: GainTable) -> GainTable:
    """Return the same rows in another order."""
    order = stream(4).permutation(len(table.rows))
    return GainTable(tuple(table.rows[i] for i in order), table.sources)


def by_rank(variant: str, traits: Mapping[str, float], rng: np.random.Generator) -> float:
    """Gain where the target's rank is high, of gentle changes; a deletion always loses."""
    noise = 0.01 * rng.standard_normal()
    return noise + (0.05 * traits["target.rank"] if variant.endswith("gentle") else -0.1)


def by_gap(variant: str, traits: Mapping[str, float], rng: np.random.Generator) -> float:  # noqa: ARG001
    """Gain .05 where the gap is below .3 and lose as much above, whatever the change."""
    return 0.02 * rng.standard_normal() + (0.05 if traits["outputs.gap"] < 0.3 else -0.05)


def by_nothing(variant: str, traits: Mapping[str, float], rng: np.random.Generator) -> float:  # noqa: ARG001
    """Gain what chance wants."""
    return 0.05 * rng.standard_normal()
