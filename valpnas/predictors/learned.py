"""Learned: expected gain of every change from the traits of its place, fitted to the table of gains, then to a run.

A change is a variant with what it sets, if it sets something: to halve is not to double. Slopes are shared by all where
a change's own places do not say otherwise: the shared ones are fitted first (scikit-learn's ``BayesianRidge``, on gains
and traits less their means by change), then each change has a belief around them. Nothing is stored but the table: the
fit is made again when it is needed, and comes out the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import BayesianRidge

from valpnas.predictors.belief import Belief
from valpnas.predictors.gain_table import GainTable, Row
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.predictors.scale import MOST, Scale, clipped

Floats = NDArray[np.float64]

OWN_SLOPES = 0.5
"""Standard deviation of a change's own slopes around the shared ones, as a share of that of the shared around 0."""

_LEVEL = 0.02  # what the mean gains of two changes differ by, however alike those that were measured are
_LEAST = 1e-6  # variance that is no division by zero
_FREE = 3  # degrees of freedom that a variance is worth having with
_WORDS = 3  # traits named in an explanation


@dataclass(frozen=True)
class Told:
    """A change that a run has made, the traits of its place, and what it gained beyond training without it."""

    change: str
    traits: Mapping[str, float]
    gain: float


@dataclass(frozen=True, eq=False)
class Learned:
    """A belief per change over a constant and the scaled traits; ``unknown`` is that about any other change.

    ``growths`` are the mean factors by which changes multiply the parameters of a model.
    """

    scale: Scale
    beliefs: Mapping[str, Belief]
    unknown: Belief
    growths: Mapping[str, float]

    def expected(self, change: str, places: Sequence[Mapping[str, float]]) -> tuple[Floats, Floats]:
        """Return the expected gain at each place, and its standard deviation, ``(places,)`` each."""
        return self.of(change).expected(self.rows(places))

    def of(self, change: str) -> Belief:
        """Return what is believed of a change."""
        return self.beliefs.get(change, self.unknown)

    def rows(self, places: Sequence[Mapping[str, float]]) -> Floats:
        """Return a constant and the scaled traits of places, ``(places, 1 + traits)``."""
        return _with_constant(self.scale(np.array([[place[n] for n in self.scale.names] for place in places])))

    def told(self, run: Sequence[Told]) -> Learned:
        """Return what is believed after changes of a run too.

        Gains in a run are noisier than those of an experiment: a row counts as much less as they scatter more.
        """
        if not run:
            return self
        ordered = sorted(run, key=lambda row: (row.change, row.gain, sorted(row.traits.items())))
        gains = clipped(np.array([row.gain for row in ordered]))
        noise = _noise(gains, [row.change for row in ordered])
        beliefs = dict(self.beliefs)
        for change in dict.fromkeys(row.change for row in ordered):
            mine = [i for i, row in enumerate(ordered) if row.change == change]
            belief = self.of(change)
            weight = np.full(len(mine), belief.noise / max(noise, belief.noise))
            beliefs[change] = belief.told(self.rows([ordered[i].traits for i in mine]), gains[mine], weight)
        return replace(self, beliefs=beliefs)

    def because(self, change: str, place: Mapping[str, float]) -> str:
        """Say which traits of a place moved its expected gain most, and by how much."""
        row, mean = self.rows([place])[0], self.of(change).mean
        shares = mean[1:] * row[1:]
        order = np.argsort(-np.abs(shares), kind="stable")[:_WORDS]
        told = [(self.scale.names[i], row[1 + i], shares[i]) for i in order if abs(shares[i]) > _LEAST]
        return ", ".join(f"{name} is {'high' if x > 0 else 'low'} ({share:+.3f})" for name, x, share in told)


def fit(table: GainTable, horizon: int, names: Sequence[str] = PLACE_TRAITS, own_slopes: float = OWN_SLOPES) -> Learned:
    """Return what the table says of gains after ``horizon`` batches, whatever the order of its rows.

    Raises:
        StoreError: the table has no gains at this horizon.
    """
    rows = sorted(table.at(horizon), key=lambda row: (row.change, row.problem, row.model, row.place))
    gains = clipped(np.array([row.gains[horizon] for row in rows]))
    traits = np.array([[row.traits[name] for name in names] for row in rows])
    scale = Scale.of(names, traits)
    x, groups = scale(traits), _by_change(rows)
    shared = BayesianRidge(fit_intercept=False).fit(*_within(x, gains, groups))
    noise, slope = 1 / float(shared.alpha_), 1 / float(shared.lambda_)
    levels = np.array([gains[mine].mean() for mine in groups.values()])
    mean = np.concatenate([[levels.mean()], shared.coef_])
    variances = np.concatenate([[float(levels.var()) + _LEVEL**2], np.full(len(names), own_slopes**2 * slope + _LEAST)])
    unknown = Belief.prior(mean, variances, noise, len(rows))
    known = {change: unknown.told(_with_constant(x[mine]), gains[mine]) for change, mine in groups.items()}
    return Learned(scale, known, unknown, _growths(rows))


def ignorant(table: GainTable, horizon: int, names: Sequence[str], spread: float) -> Learned:
    """Return a belief that knows of the table no more than how traits vary: all gains around 0, by ``spread``."""
    rows = table.at(horizon)
    scale = Scale.of(names, np.array([[row.traits[name] for name in names] for row in rows]))
    size = len(names) + 1
    belief = Belief.prior(np.zeros(size), np.full(size, spread**2 / size), spread**2, 1.0)
    return Learned(scale, {}, belief, _growths(rows))


def _by_change(rows: Sequence[Row]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row.change, []).append(index)
    return groups


def _noise(gains: Floats, changes: Sequence[str]) -> float:
    """Return the variance of a run's gains within changes; over all where each came once, at first the most."""
    means = {change: gains[[other == change for other in changes]].mean() for change in changes}
    free = len(gains) - len(means)
    if free >= _FREE:
        return float(np.square(gains - [means[change] for change in changes]).sum()) / free
    return float(gains.var(ddof=1)) if len(gains) > 1 else MOST**2


def _growths(rows: Sequence[Row]) -> dict[str, float]:
    groups = _by_change(rows)
    return {change: fmean(rows[i].parameters for i in groups[change]) for change in sorted(groups)}


def _within(x: Floats, gains: Floats, groups: Mapping[str, list[int]]) -> tuple[Floats, Floats]:
    """Return traits and gains less their means by change."""
    x, gains = x.copy(), gains.copy()
    for mine in groups.values():
        x[mine] -= x[mine].mean(0)
        gains[mine] -= gains[mine].mean()
    return x, gains


def _with_constant(x: Floats) -> Floats:
    return np.concatenate([np.ones((len(x), 1)), x], axis=1)
