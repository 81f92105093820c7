"""loss_slope: is each output's loss still falling, and how steeply?

A Theil-Sen line through the block means of the latest losses. Source: historic sub-loss information, [VALP] IV-B.1
and IV-E.1; the paper fits least squares over an unstated window with absolute thresholds (-1e-10, -2e-5), which belong
to one loss scale and are below the noise of a short window (trial, section 3). Here::

    slope = median over pairs of blocks of (difference of means / distance) / median loss          per batch
    error = half the 68 % interval of that median * sqrt((1 + r) / (1 - r))
    t     = slope / error,   significance = Phi(t)

where ``r`` is the correlation of neighbouring blocks' residuals, corrected for its bias in short series and never taken
for less than zero: losses of neighbouring batches are alike, and the error would be too small without it. STUCK means
"not significantly falling", provided that a steep fall would have been noticed. Multiplying a loss by any number
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, theilslopes

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding

_ONE_SIGMA = 0.6827  # confidence whose half-width is one standard error
_BLOCKS = 50  # points of the line: averages over equal stretches of the window
_MOST_ALIKE = 0.9  # correlation of neighbouring blocks beyond which the error grows no further


@dataclass(frozen=True)
class LossSlope(Diagnostic):
    """Classes each output as STEEP, MODERATE, STUCK or UNDECIDED.

    ``window``: batches looked at at most, the latest; ``least``: batches wanted. The window begins at the last change
    of structure; when that leaves fewer than ``least``, it reaches back to ``least`` over changes that kept function
    and training, whose losses lie on the same line, and never over others. ``fewest``: fewer than this is UNDECIDED.
    ``steep``: fall per batch, as a share of the loss level, from which a significant fall is steep (3 % in 100
    batches); ``level``: significance below which a fall is one.
    """

    window: int = 1000
    least: int = 300
    fewest: int = 100
    steep: float = 3e-4
    level: float = 0.025
    name: ClassVar[str] = "loss_slope"
    emits: ClassVar[Mapping[str, str]] = {"STEEP": "treat", "MODERATE": "treat", "STUCK": "treat", "UNDECIDED": "none"}

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:  # noqa: ARG002 - draws nothing
        """Return one finding per output; cost: half a millisecond per output, no pass of the model."""
        return [
            self._judge(output, history[self._begin(view, len(history)) :])
            for output, history in sorted(view.histories.items())
        ]

    def _begin(self, view: ModelView, batches: int) -> int:
        """Return where the window begins in a history of ``batches``."""
        wanted = max(batches - self.least, view.disturbed_at)
        return max(min(view.changed_at, wanted), batches - self.window, 0)

    def _judge(self, output: str, losses: np.ndarray) -> Finding:
        if len(losses) < self.fewest:
            return Finding("UNDECIDED", output=output, evidence={"batches": float(len(losses))})
        slope, error = relative_slope(losses)
        # A loss without any noise has no standard error: then every slope but zero is significant.
        t = slope / error if error > 0 else float(np.sign(slope)) * np.inf if slope else 0.0
        kind = self._kind(slope, error, t)
        evidence = {
            "slope per batch": slope,
            "standard error": error,
            "significance": float(norm.cdf(t)),
            "batches": float(len(losses)),
        }
        if kind == "UNDECIDED":
            return Finding(kind, output=output, strength=0.0, evidence=evidence)
        strength = min(1.0, abs(slope) / self.steep)
        return Finding(kind, output=output, strength=strength, evidence=evidence, advice="treat")

    def _kind(self, slope: float, error: float, t: float) -> str:
        enough = -float(norm.ppf(self.level))  # standard errors
        if t < -enough:
            return "STEEP" if slope < -self.steep else "MODERATE"
        noticed = slope - enough * error > -self.steep
        return "STUCK" if noticed else "UNDECIDED"


def relative_slope(losses: np.ndarray) -> tuple[float, float]:
    """Return slope per batch and its standard error, both divided by the median loss of the window."""
    blocks = np.array_split(losses.astype(np.float64), min(_BLOCKS, len(losses)))
    centres = np.cumsum([len(block) for block in blocks]) - np.array([len(block) / 2 for block in blocks])
    means = np.array([block.mean() for block in blocks])
    slope, intercept, low, high = theilslopes(means, centres, alpha=_ONE_SIGMA)
    level = max(float(np.median(np.abs(losses))), np.finfo(np.float64).tiny)
    error = float(high - low) / 2 * _widening((means - intercept - slope * centres) / level)
    return float(slope) / level, error / level


def _widening(residuals: NDArray[np.float64]) -> float:
    """Return the factor by which neighbours that are alike widen the standard error of a line.

    The first autocorrelation of residuals of a line is too small by about (2 + 4 r) / n.
    """
    centred = residuals - residuals.mean()
    total = float(centred @ centred)
    if total == 0:
        return 1.0
    raw = float(centred[1:] @ centred[:-1]) / total
    alike = min(max(raw + (2 + 4 * raw) / len(centred), 0.0), _MOST_ALIKE)
    return float(np.sqrt((1 + alike) / (1 - alike)))
