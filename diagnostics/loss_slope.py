"""loss_slope: is each output's loss still falling, and how steeply?

A Theil-Sen line through the logarithms of block means of the latest losses. Source: historic sub-loss information,
[VALP] IV-B.1 and IV-E.1; the paper fits least squares over an unstated window with absolute thresholds (-1e-10, -2e-5),
which belong to one loss scale and are below the noise of a short window (trial, section 3). Here::

    slope = median over pairs of blocks of (difference of log means / distance)     share of the loss per batch
    error = half the 68 % interval of that median * sqrt((1 + r) / (1 - r))
    t     = slope / error,   significance = Phi(t)

where ``r`` is the correlation of neighbouring blocks about a parabola, corrected for its bias in short series and never
taken for less than zero: losses of neighbouring batches are alike, and the error would be too small without it; a bend
of the curve makes neighbours no more alike. STUCK means "not significantly falling", provided that a steep fall would
have been noticed. Multiplying a loss by any number changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, theilslopes

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding

Floats = NDArray[np.float64]

_ONE_SIGMA = 0.6827  # confidence whose half-width is one standard error
_BLOCKS = 50  # points of the line: averages over equal stretches of the window
_LEAST = 1e-12  # of the largest block: a loss of zero has no logarithm
_ROUNDING = 1e-24  # of the squares: what is left of a series without noise is rounding
_MOST_ALIKE = 0.9  # correlation of neighbouring blocks beyond which the error grows no further


@dataclass(frozen=True)
class LossSlope(Diagnostic):
    """Classes each output as STEEP, MODERATE, STUCK or UNDECIDED.

    ``window``: batches looked at at most, the latest; ``least``: batches wanted. The window begins at the last change
    of structure; when that leaves fewer than ``least``, it reaches back to ``least`` over changes that kept function
    and training, whose losses lie on the same line, and never over others. ``fewest``: fewer than this is UNDECIDED.
    ``steep``: fall per batch, as a share of the loss, from which a significant fall is steep (3 % in 100
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
        """Return one finding per output; cost: about two milliseconds per output, no pass of the model.

        Of an output at rest there is none: that its loss stays where it is says nothing of it.
        """
        learning = view.valp.trained_outputs
        return [
            self._judge(output, history[self._begin(view, len(history)) :])
            for output, history in sorted(view.histories.items())
            if output in learning
        ]

    def _begin(self, view: ModelView, batches: int) -> int:
        """Return where the window begins in a history of ``batches``."""
        wanted = max(batches - self.least, view.disturbed_at)
        return max(min(view.changed_at, wanted), batches - self.window, 0)

    def _judge(self, output: str, losses: np.ndarray) -> Finding:
        if len(losses) < self.fewest:
            return Finding("UNDECIDED", output=output, evidence={"batches": float(len(losses))})
        slope, error, level = fitted_line(losses)
        # A loss without any noise has no standard error: then every slope but zero is significant.
        t = slope / error if error > 0 else float(np.sign(slope)) * np.inf if slope else 0.0
        kind = self._kind(slope, error, t)
        evidence = {
            "slope per batch": slope,
            "standard error": error,
            "significance": float(norm.cdf(t)),
            "batches": float(len(losses)),
            "level": level,
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


class Line(NamedTuple):
    """A line through the loss's logarithm: slope per batch, its standard error, and the loss in the middle."""

    slope: float
    error: float
    level: float


def fitted_line(losses: np.ndarray) -> Line:
    """Return the line through the logarithm of ``losses``, which are from zero on."""
    blocks = np.array_split(losses.astype(np.float64), min(_BLOCKS, len(losses)))
    centres = np.cumsum([len(block) for block in blocks]) - np.array([len(block) / 2 for block in blocks])
    means = np.array([block.mean() for block in blocks])
    if not means.any():
        return Line(0.0, 0.0, 0.0)
    logs = np.log(np.maximum(means, _LEAST * means.max()))
    slope, _, low, high = theilslopes(logs, centres, alpha=_ONE_SIGMA)
    error = float(high - low) / 2 * _widening(logs, centres)
    return Line(float(slope), error, float(np.exp(np.median(logs))))


def _widening(logs: Floats, centres: Floats) -> float:
    """Return the factor by which neighbours that are alike widen the standard error of a line.

    The first autocorrelation about a parabola is too small by about (3 + 6 r) / n.
    """
    middle = (centres - centres.mean()) / (np.ptp(centres) or 1.0)
    residuals = logs - np.polynomial.Polynomial.fit(middle, logs, 2)(middle)
    total = float(residuals @ residuals)
    if total <= _ROUNDING * float(logs @ logs):
        return 1.0
    raw = float(residuals[1:] @ residuals[:-1]) / total
    alike = min(max(raw + (3 + 6 * raw) / len(residuals), 0.0), _MOST_ALIKE)
    return float(np.sqrt((1 + alike) / (1 - alike)))
