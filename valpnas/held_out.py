"""Held out: scores every trained candidate on the test rows where it was trained, and writes down what came of it.

Not after the search and for the front only: weights of rejected candidates are not kept, and a comparison of searches
reports on test rows whatever validation would have chosen at any earlier step.
"""

from __future__ import annotations

from collections.abc import Callable

from valpnas.contracts.executor import Answer, HeldOutScores
from valpnas.contracts.failure import failure_reason
from valpnas.contracts.model import Model
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import HeldOutFile
from valpnas.training.evaluation import Evaluator


def held_out_scores(evaluator: Evaluator, model: Model) -> HeldOutScores:
    """Score a model on the test rows; what goes wrong there is told and stops no search."""
    try:
        scores = evaluator.scores(model, "test")
    except Exception as error:  # a row unlike all training rows, no memory: the search goes on all the same
        return HeldOutScores(why_not=failure_reason(error))
    return HeldOutScores(
        {name: score.objective for name, score in scores.items()},
        {name: dict(score.reported) for name, score in scores.items()},
    )


class HeldOut:
    """What comes beside the results of a run at work: test figures are written where nothing that decides can look,
    and notes are said, each once.
    """

    def __init__(self, directory: RunDirectory, say: Callable[[str], None]) -> None:
        """Open the file of test figures of a run."""
        answered = {event["candidate"] for event in directory.journal if event["event"] == "trained"}
        self._file, self._say = HeldOutFile.open(directory.path, answered), say
        self._said: set[str] = set()

    def record(self, answer: Answer) -> None:
        """Write down a candidate's figures; one that has none is named."""
        for note in answer.notes:
            if note not in self._said:
                self._said.add(note)
                self._say(note)
        if answer.held_out is None:
            return
        if answer.held_out.why_not:
            self._say(f"candidate {answer.result.candidate} has no test objectives: {answer.held_out.why_not}")
        self._file.record(answer.result.candidate, answer.held_out.objectives, answer.held_out.reported)

    def flush(self) -> None:
        """Put it on disk."""
        self._file.flush()
