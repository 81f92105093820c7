"""generalisation_gap: does each output do as well on rows it was not trained on?

    ratio = (held-out loss + floor) / (mean training loss of the latest batches + floor)

Losses are in units of the constant predictor's; the floor keeps the ratio of two losses near zero from being absurd.
Where held-out loss follows training loss, training is what limits, and what adds parameters can pay; where it does not,
data are short, and parameters add to the gap. Source: the two regimes of the trial, in which the order of all searches
turns round; the paper's rules do not look at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding


@dataclass(frozen=True)
class GeneralisationGap(Diagnostic):
    """Says of each output whether it is MEMORISED or GENERALISES; of one that was hardly trained, nothing.

    ``ratio``: of held-out to training loss, from which on an output is memorised; ``window``: latest batches whose mean
    is the training loss; ``fewest``: fewer batches since the last change that disturbed training say nothing; ``floor``
    is added to both losses. The strength of MEMORISED is the share of the held-out loss that training has not.
    """

    ratio: float = 1.25
    window: int = 200
    fewest: int = 50
    floor: float = 0.01
    name: ClassVar[str] = "generalisation_gap"
    emits: ClassVar[Mapping[str, str]] = {"MEMORISED": "none", "GENERALISES": "none"}

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:  # noqa: ARG002 - draws nothing
        """Return at most one finding per output; cost: nothing beyond the losses of the model as it is."""
        held_out = view.losses()
        return [
            self._judge(output, held_out[output], history[-self._batches(view, len(history)) :])
            for output, history in sorted(view.histories.items())
            if self._batches(view, len(history)) >= self.fewest
        ]

    def _batches(self, view: ModelView, trained: int) -> int:
        return min(trained - view.disturbed_at, self.window)

    def _judge(self, output: str, held_out: float, latest: np.ndarray) -> Finding:
        training = float(latest.mean())
        ratio = (held_out + self.floor) / (training + self.floor)
        evidence = {"ratio": ratio, "held-out loss": held_out, "training loss": training, "batches": float(len(latest))}
        if ratio >= self.ratio:
            return Finding("MEMORISED", output=output, strength=1 - 1 / ratio, evidence=evidence)
        return Finding("GENERALISES", output=output, strength=1 / max(ratio, 1.0), evidence=evidence)
