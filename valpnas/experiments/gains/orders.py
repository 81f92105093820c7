"""Orders: how far traits or predictions order the places of each variant as gains do, and how far chance would."""

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
Base = tuple[str, int]

FEWEST = 8
"""Places of a variant whose order says something."""

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


def orders(
    rows: Sequence[Row], values: Floats, measured: Floats, shuffles: int, rng: np.random.Generator, signed: bool
) -> list[tuple[float, float, float]]:
    """Return the order by each column of ``values``, that of the column as it is, and the p-value of the first.

    An order is the mean over variants of Spearman's correlation with the gains ``measured``, ``(rows,)``; if ``signed``
    the places of each base model count with the sign that the column has in the other models. ``values`` are
    ``(rows, columns)``.

    The p-value says how often the order is as high when gains are shuffled: whole models change places within their
    problem, and places within their model, each the same way for all variants. So models whose places are alike, places
    that are alike for all variants, and a sign that is taken from the same gains are chance too. Models that differ in
    how many places they have make that approximate: gains are then repeated, or left out.
    """
    agreement = _Agreement.of(rows, values, measured)
    unmoved = np.arange(len(rows))[None]
    found, plain = agreement.mean(unmoved, signed)[0], agreement.mean(unmoved, signed=False)[0]
    as_high = np.zeros(values.shape[1])
    for start in range(0, shuffles, _AT_ONCE):
        drawn = np.stack([shuffled(rows, rng) for _ in range(min(_AT_ONCE, shuffles - start))])
        as_high += (agreement.mean(drawn, signed) >= found - 1e-12).sum(axis=0)
    p = (1 + as_high) / (1 + shuffles)
    return [(float(one), float(other), float(least)) for one, other, least in zip(found, plain, p, strict=True)]


@dataclass(frozen=True, eq=False)
class _Agreement:
    """Ranks of columns and gains within each variant, and which of its rows are of which base model."""

    columns: list[Floats]  # (places, columns) per variant
    gains: Floats  # (rows,)
    places: list[Indices]
    models: list[Floats]  # (models, places) per variant, 1 where a place is of a model

    @staticmethod
    def of(rows: Sequence[Row], values: Floats, measured: Floats) -> _Agreement:
        places, gains, bases = by_variant(rows), np.zeros(len(rows)), sorted({row.base for row in rows})
        for inside in places:
            gains[inside] = ranked(measured[inside])
        models = [np.array([[rows[i].base == base for i in inside] for base in bases], float) for inside in places]
        return _Agreement([ranked(values[inside]) for inside in places], gains, places, models)

    def mean(self, moved: Indices, signed: bool) -> Floats:
        """Return the orders, ``(shuffles, columns)``, when row i has the gain of row ``moved[:, i]``."""
        gains, total = self.gains[moved], np.zeros((len(moved), self.columns[0].shape[1]))
        for columns, inside, models in zip(self.columns, self.places, self.models, strict=True):
            agreed = np.einsum("mp,sp,pt->smt", models, gains[:, inside], columns, optimize=True)
            if signed:
                agreed = agreed * np.sign(agreed.sum(axis=1, keepdims=True) - agreed)  # of the other models
            total += agreed.sum(axis=1) / len(inside)
        return total / len(self.places)


def shuffled(rows: Sequence[Row], rng: np.random.Generator) -> Indices:
    """Return for each row the index of that whose gain it gets, ``(rows,)``; see ``orders``."""
    moved, other = np.arange(len(rows)), dict(_exchanged(rows, rng))
    inside: dict[tuple[Base, str], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        inside[row.base, row.variant].append(index)
    places = sorted({(row.base, row.place) for row in rows})
    given, taken = (dict(zip(places, rng.random(len(places)), strict=True)) for _ in range(2))
    for (base, variant), mine in inside.items():
        theirs = inside.get((other[base], variant), mine)  # its own, where that one has no such places
        theirs = sorted(theirs, key=lambda i: given[rows[i].base, rows[i].place])
        moved[sorted(mine, key=lambda i: taken[rows[i].base, rows[i].place])] = np.resize(theirs, len(mine))
    return moved


def _exchanged(rows: Sequence[Row], rng: np.random.Generator) -> Iterator[tuple[Base, Base]]:
    """Yield every base model, and the one of the same problem whose gains it gets."""
    problems: dict[str, list[Base]] = defaultdict(list)
    for base in sorted({row.base for row in rows}):
        problems[base[0]].append(base)
    for bases in problems.values():
        yield from zip(bases, (bases[i] for i in rng.permutation(len(bases))), strict=True)
