"""Reference objectives: what the best constant predictor scores, the corner a hypervolume is measured from."""

from __future__ import annotations

import torch
from torch import Tensor

from valpnas.contracts.problem import Problem
from valpnas.graph.tasks import Classification, Distribution, Generation, Task
from valpnas.training.evaluation import Evaluator
from valpnas.training.objectives import score_prediction

_IDEAL = 0.01  # of the reference: two decades of improvement fill the hypervolume of a problem that states no ideal
_TINY = 1e-12


def constant_objectives(evaluator: Evaluator, part: str = "validation") -> dict[str, float]:
    """Return each output's objective on ``part`` for a model that always predicts the training mean (or majority).

    A generation output's constant model repeats the mean training target.
    """
    found: dict[str, float] = {}
    for output in evaluator.prepared.problem.outputs:
        mean = evaluator.losses.mean_targets[output.name]
        target = evaluator.prepared.parts[part].targets[output.name]
        if isinstance(output.task, Generation):
            constant = mean.expand(len(target), *mean.shape)
            found[output.name] = evaluator.scorers[output.name].score(constant, part).objective
        else:
            found[output.name] = score_prediction(
                output.task, _constant_logits(output.task, mean, len(target)), target, mean
            ).objective
    return found


def bounds(problem: Problem, evaluator: Evaluator) -> tuple[dict[str, float], dict[str, float]]:
    """Return the reference and the ideal of a problem: its own, or the constant predictor's and a hundredth of it."""
    if problem.reference:
        return dict(problem.reference), dict(problem.ideal)
    reference = {name: max(value, _TINY) for name, value in constant_objectives(evaluator).items()}
    return reference, {name: _IDEAL * value for name, value in reference.items()}


def _constant_logits(task: Task, mean: Tensor, rows: int) -> Tensor:
    logits = torch.log(mean.clamp_min(_TINY)) if isinstance(task, Classification | Distribution) else mean
    return logits.expand(rows, *logits.shape)
