"""Trait orders: how far a trait alone orders the places of each variant as their gains do, and how far chance would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from valpnas.predictors.gain_table import Row

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

FEWEST = 8  # places of a variant whose order says something

_AT_ONCE = 200  # shuffles that are looked at together


def by_variant(rows: Sequence[Row]) -> list[Indices]:
    """Return the indices of each variant's rows, of those variants that have enough of them."""
    found: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        found[row.variant].append(index)
    return [np.array(indices) for _, indices in sorted(found.items()) if len(indices) >= FEWEST]


def ranked(values: Floats) -> Floats:
    """Return ranks with mean 0 and deviation 1 along the first axis; zeros where nothing differs."""
    ranks = stats.rankdata(values, axis=0)
    spread = ranks.std(axis=0)
    found: Floats = np.divide(ranks - ranks.mean(axis=0), spread, out=np.zeros_like(ranks), where=spread > 0)
    return found


def trait_orders(
    rows: Sequence[Row], traits: Floats, measured: Floats, shuffles: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the order by every trait of ``traits``, ``(rows, traits)``, and the p-value that it is above chance.

    An order is the mean over variants of Spearman's correlation with the gains ``measured``, ``(rows,)``, each base
    model's places counting with the sign that the trait has in the other models. Chance is what comes of it when the
    gains of whole models change places within their problem, and the gains of a model's places among themselves: models
    whose places are alike, and a sign that is taken from the same gains, are in it.
    """
    orders = _Orders.of(rows, traits, measured)
    found = orders.at(np.arange(len(rows))[None])[0]
    as_good = np.zeros(traits.shape[1])
    for start in range(0, shuffles, _AT_ONCE):
        count = min(_AT_ONCE, shuffles - start)
        drawn = np.stack([_shuffled(rows, rng) for _ in range(count)])
        as_good += (orders.at(drawn) >= found - 1e-12).sum(axis=0)
    return found, (1 + as_good) / (1 + shuffles)


@dataclass(frozen=True, eq=False)
class _Orders:
    """Ranks of traits and gains within each variant, and which of its rows are of which base model."""

    traits: list[Floats]  # (places, traits) per variant
    gains: Floats  # (rows,)
    places: list[Indices]
    models: list[Floats]  # (models, places) per variant, 1 where a place is of a model

    @staticmethod
    def of(rows: Sequence[Row], traits: Floats, measured: Floats) -> _Orders:
        places, gains, bases = by_variant(rows), np.zeros(len(rows)), sorted({row.base for row in rows})
        for inside in places:
            gains[inside] = ranked(measured[inside])
        models = [np.array([[rows[i].base == base for i in inside] for base in bases], float) for inside in places]
        return _Orders([ranked(traits[inside]) for inside in places], gains, places, models)

    def at(self, moved: Indices) -> Floats:
        """Return the orders, ``(shuffles, traits)``, when row i has the gain of row ``moved[:, i]``."""
        gains, total = self.gains[moved], 0.0
        for traits, inside, models in zip(self.traits, self.places, self.models, strict=True):
            agreed = np.einsum("mp,sp,pt->smt", models, gains[:, inside], traits, optimize=True)
            signs = np.sign(agreed.sum(axis=1, keepdims=True) - agreed)  # of the other models
            total = total + (signs * agreed).sum(axis=1) / len(inside)
        return np.asarray(total / max(len(self.places), 1))


def _shuffled(rows: Sequence[Row], rng: np.random.Generator) -> Indices:
    """Return for each row the index of that whose gain it gets: the models of a problem change places, as a whole."""
    moved = np.arange(len(rows))
    other = dict(_exchanged(rows, rng))
    inside: dict[tuple[tuple[str, int], str], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        inside[row.base, row.variant].append(index)
    for (base, variant), mine in inside.items():
        theirs = rng.permutation(inside.get((other[base], variant), mine))  # its own, where that one has no such places
        moved[mine] = np.resize(theirs, len(mine))
    return moved


def _exchanged(rows: Sequence[Row], rng: np.random.Generator) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    problems: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for base in sorted({row.base for row in rows}):
        problems[base[0]].append(base)
    for bases in problems.values():
        yield from zip(bases, (bases[i] for i in rng.permutation(len(bases))), strict=True)
