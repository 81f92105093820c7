"""train-only: no change; what the same batches bring without any search."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue


class TrainOnly(Chooser):
    """Always train the current model further."""

    name: ClassVar[str] = "train-only"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Continue:  # noqa: ARG002 - looks at nothing
        """Return that."""
        return Continue("train-only: no change is ever made")
