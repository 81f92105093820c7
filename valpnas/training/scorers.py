"""Sample scorers: the yardsticks that problems declare for generation outputs, fitted once on training rows.

All are Frechet distances; they differ in what they look at. A new way of looking is a line of ``FEATURES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from valpnas.contracts.problem import SampleScorer
from valpnas.errors import UnknownNameError
from valpnas.training.classifier_features import fit_classifier_features
from valpnas.training.data import Prepared
from valpnas.training.fitting import UNKEPT, Fitting
from valpnas.training.frechet import Floats, Moments, frechet, moments
from valpnas.training.manifold import Manifold, precision_and_recall
from valpnas.training.objectives import Score
from valpnas.training.pca_features import fit_pca_features

Features = Callable[[Tensor], Floats]  # (n, *shape) -> (n, d)
Fit = Callable[[SampleScorer, str, Prepared, Fitting], Features]

FEATURES: Mapping[str, Fit] = {"pca-frechet": fit_pca_features, "classifier-frechet": fit_classifier_features}


@dataclass(frozen=True, eq=False)
class RealTargets:
    """What the held-out targets of a part look like: as a Gaussian, and as a region."""

    moments: Moments
    manifold: Manifold


@dataclass(frozen=True, eq=False)
class FrechetScorer:
    """Judges ``samples`` prior draws of a model against held-out targets, by their features."""

    features: Features
    held_out: Mapping[str, RealTargets]  # by part
    samples: int

    @property
    def floor(self) -> float:
        """The distance between validation and test targets themselves.

        No samples can be expected below it. It also tells yardsticks apart: one fitted otherwise has another.
        """
        return frechet(self.held_out["validation"].moments, self.held_out["test"].moments)

    def score(self, samples: Tensor, part: str) -> Score:
        """Score ``samples`` ``(n, *shape)``: their distance to the targets of ``part`` decides, the rest is told."""
        features, real = self.features(samples), self.held_out[part]
        precision, recall = precision_and_recall(Manifold.around(features), real.manifold)
        return Score(frechet(moments(features), real.moments), {"precision": precision, "recall": recall})


def fit_scorer(declared: SampleScorer, output: str, prepared: Prepared, fitting: Fitting = UNKEPT) -> FrechetScorer:
    """Fit the scorer that ``output`` declares.

    Raises:
        UnknownNameError: there is no such scorer.
        DataError: the scorer does not fit the data.
    """
    if declared.name not in FEATURES:
        raise UnknownNameError("sample scorer", declared.name, FEATURES)
    features = FEATURES[declared.name](declared, output, prepared, fitting)
    seen = {part: features(prepared.parts[part].targets[output]) for part in ("validation", "test")}
    held_out = {part: RealTargets(moments(values), Manifold.around(values)) for part, values in seen.items()}
    return FrechetScorer(features, held_out, declared.samples)
