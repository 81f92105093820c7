"""loss_slope: is each output's loss still falling, and how steeply?

A Theil-Sen line through the block means of the losses since the structure last changed. Source: historic sub-loss
information, [VALP] IV-B.1 and IV-E.1; the paper fits least squares over an unstated window with absolute thresholds
(-1e-10, -2e-5), which belong to one loss scale and are below the noise of a short window (trial, section 3).
Here the slope is relative to the loss level and is compared with its own standard error, so multiplying a loss by
any number changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.stats import theilslopes

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding

_ONE_SIGMA = 0.6827  # confidence whose half-width is one standard error
_BLOCKS = 50  # points of the line: averages over equal stretches of the window


@dataclass(frozen=True)
class LossSlope(Diagnostic):
    """Classes each output as STEEP, MODERATE, STUCK or UNDECIDED.

    ``window``: batches looked at, the latest since the last change; ``least``: fewer than this is UNDECIDED;
    ``steep``: fall per batch, as a share of the loss level, from which a significant fall is steep (3 % in 100
    batches); ``stuck_t``: slopes above this many standard errors are "not falling"; ``steep_t``: steep ones below.
    """

    window: int = 1000
    least: int = 100
    steep: float = 3e-4
    stuck_t: float = -1.0
    steep_t: float = -2.0
    name: ClassVar[str] = "loss_slope"
    emits: ClassVar[Mapping[str, str]] = {"STEEP": "treat", "MODERATE": "treat", "STUCK": "treat", "UNDECIDED": "none"}

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:  # noqa: ARG002 - draws nothing
        """Return one finding per output; cost: a few hundred microseconds, independent of the model."""
        recent = {name: history[view.changed_at :][-self.window :] for name, history in view.histories.items()}
        return [self._judge(output, losses) for output, losses in sorted(recent.items())]

    def _judge(self, output: str, losses: np.ndarray) -> Finding:
        if len(losses) < self.least:
            return Finding("UNDECIDED", output=output, evidence={"batches": float(len(losses))})
        slope, stderr = relative_slope(losses)
        # A loss without any noise has no standard error: then every slope but zero is significant.
        t = slope / stderr if stderr > 0 else float(np.sign(slope)) * np.inf if slope else 0.0
        kind = "STUCK" if t > self.stuck_t else "STEEP" if slope < -self.steep and t < self.steep_t else "MODERATE"
        evidence = {"slope per batch": slope, "standard error": stderr, "batches": float(len(losses))}
        return Finding(
            kind, output=output, strength=min(1.0, abs(slope) / self.steep), evidence=evidence, advice="treat"
        )


def relative_slope(losses: np.ndarray) -> tuple[float, float]:
    """Return slope per batch and its standard error, both divided by the median loss of the window."""
    blocks = np.array_split(losses.astype(np.float64), min(_BLOCKS, len(losses)))
    centres = np.cumsum([len(block) for block in blocks]) - np.array([len(block) / 2 for block in blocks])
    means = np.array([block.mean() for block in blocks])
    slope, _, low, high = theilslopes(means, centres, alpha=_ONE_SIGMA)
    level = max(float(np.median(np.abs(losses))), np.finfo(np.float64).tiny)
    return float(slope) / level, float(high - low) / 2 / level
