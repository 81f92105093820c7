"""train-only: no change; what the same batches bring without any search."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Proposal


class TrainOnly(Chooser):
    """Always train the current model further."""

    name: ClassVar[str] = "train-only"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | None:  # noqa: ARG002 - looks at nothing
        """Return None."""
        return None
