"""Precision and recall of samples: how many look real, and how much of what is real they reach.

Kynkaanniemi et al. 2019: a set of points stands for the region within the distance of each to its third nearest
neighbour in the set. Precision is the share of samples in the region of the real points, recall the share of real
points in the region of the samples. A Frechet distance mixes the two: a model that repeats a few real images has all
of the precision and none of the recall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from valpnas.training.frechet import Floats

_NEIGHBOURS = 3
_POINTS = 1000  # of each set: the shares are then good to one or two hundredths, in some 30 ms


@dataclass(frozen=True, eq=False)
class Manifold:
    """The region around points ``(n, d)``: a ball of its own radius around each."""

    points: Floats
    radii: Floats

    @staticmethod
    def around(features: Floats) -> Manifold:
        """Return the region of the rows of ``features``, or of a thousand of them; two at least."""
        points = features if len(features) <= _POINTS else _thinned(features)
        neighbours = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(points) - 1), algorithm="brute").fit(points)
        distances, _ = neighbours.kneighbors()  # without an argument, no point is its own neighbour
        return Manifold(points, distances[:, -1])


def _thinned(features: Floats) -> Floats:
    """Choose at random, always alike: every so many-th row would meet the rhythm of rows that repeat."""
    rows = np.random.default_rng(0).choice(len(features), _POINTS, replace=False)
    return features[np.sort(rows)]


def precision_and_recall(samples: Manifold, real: Manifold) -> tuple[float, float]:
    """Return the share of samples among what is real, and of what is real among the samples."""
    distances = pairwise_distances(samples.points, real.points)
    precision = (distances <= real.radii).any(axis=1).mean()
    recall = (distances <= samples.radii[:, None]).any(axis=0).mean()
    return float(precision), float(recall)
