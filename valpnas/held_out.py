"""Held out: scores every trained candidate on the test rows as it is recorded, where nothing that decides can look.

Not after the search and for the front only: weights of rejected candidates are not kept, and a comparison of searches
reports on test rows whatever validation would have chosen at any earlier step.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from valpnas.contracts.failure import failure_reason
from valpnas.contracts.job import Result
from valpnas.store.test_objectives import HeldOutFile
from valpnas.training.evaluation import Evaluator


class HeldOut:
    """The test rows of a run at work."""

    def __init__(self, run: Path, evaluator: Evaluator, say: Callable[[str], None]) -> None:
        """Open the file of test figures in the folder ``run``."""
        self._file, self._evaluator, self._say = HeldOutFile.open(run), evaluator, say

    def score(self, result: Result) -> None:
        """Score the candidate on the test rows; one that cannot be scored there has no figures, and is named."""
        if result.model is None:
            return
        try:
            scores = self._evaluator.scores(result.model, "test")
        except Exception as error:  # a row unlike all training rows, no memory: the search goes on all the same
            self._say(f"candidate {result.candidate} has no test objectives: {failure_reason(error)}")
            scores = {}
        objectives = {name: score.objective for name, score in scores.items()}
        self._file.record(result.candidate, objectives, {name: score.reported for name, score in scores.items()})
