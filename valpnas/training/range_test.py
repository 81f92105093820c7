"""The range test: a learning rate found before a run, by training the same start briefly at each of several rates.

After Smith (2017, arXiv:1506.01186), with a short run under the run's own schedule at each rate instead of one run at a
rising rate: what counts is how good a model is after the decay, and the rate with which the loss falls fastest
before it is too high. Each rate is judged by the mean log validation objective.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite, log
from typing import Any

from valpnas.contracts.job import Result
from valpnas.errors import TrainingFailedError

RATES = (3e-4, 6.5e-4, 1.4e-3, 3e-3, 6.5e-3, 1.4e-2, 3e-2)  # each 2.15 times the one before, rounded
BATCHES = 300  # for each rate; docs/comparing.md has what this was measured by
# The best rate falls with the length of the training: about so, fitted to digits, MNIST and Fashion-MNIST.
_FALL = 1 / 3
_BEYOND = 3  # rates tried beyond either end of RATES while the best is at that end
_RATIO = 10 ** (1 / 3)


@dataclass(frozen=True)
class TriedRate:
    """What came of a rate: mean log validation objective (None: training failed, for ``reason``), and the cost."""

    rate: float
    score: float | None
    reason: str
    batches: int
    seconds: Mapping[str, float]  # by account


@dataclass(frozen=True)
class RangeTest:
    """The rates that were tried, rising; the ``best`` of them, and the ``rate`` that follows for the whole run."""

    rate: float
    best: float
    tried: tuple[TriedRate, ...]

    @property
    def batches(self) -> int:
        """All batches that were spent."""
        return sum(tried.batches for tried in self.tried)

    @property
    def seconds(self) -> dict[str, float]:
        """All seconds, by account."""
        accounts = sorted({account for tried in self.tried for account in tried.seconds})
        return {account: sum(tried.seconds.get(account, 0.0) for tried in self.tried) for account in accounts}

    @property
    def note(self) -> str:
        """What a reader of the run must know, in a sentence."""
        return (
            f"learning rate {self.rate:.2g} found by a range test of {len(self.tried)} rates "
            f"({self.tried[0].rate:.2g} to {self.tried[-1].rate:.2g}): {self.batches:,} batches, "
            f"{sum(self.seconds.values()):.1f} s, counted with the run's"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        totals = {"batches": self.batches, "seconds": self.seconds, "note": self.note}
        return {"rate": self.rate, "best": self.best, **totals, "tried": [asdict(each) for each in self.tried]}


def find_rate(train: Callable[[float], Result], ideal: Mapping[str, float], share: float = 1.0) -> RangeTest:
    """Try ``RATES``, and some beyond an end at which the best lies, and choose the best of the smoothed curve.

    A longer training wants a lower rate: the best is lowered by ``share`` to the power of 1/3.

    Args:
        train: trains the start at a rate, as a job that may fail.
        ideal: per output, the objective below which nothing counts.
        share: the batches of each training, as a part of those of the whole run; in (0, 1].

    Raises:
        TrainingFailedError: training failed at every rate.
    """
    tried = [_tried(rate, train(rate), ideal) for rate in RATES]
    for _ in range(_BEYOND):
        if (best := _best(tried)) == 0:
            tried.insert(0, _at(tried[0].rate / _RATIO, train, ideal))
        elif best == len(tried) - 1:
            tried.append(_at(tried[-1].rate * _RATIO, train, ideal))
        else:
            break
    chosen = tried[_best(tried)].rate
    return RangeTest(float(f"{chosen * share**_FALL:.2g}"), chosen, tuple(tried))


def _at(beyond: float, train: Callable[[float], Result], ideal: Mapping[str, float]) -> TriedRate:
    rate = float(f"{beyond:.2g}")
    return _tried(rate, train(rate), ideal)


def _tried(rate: float, result: Result, ideal: Mapping[str, float]) -> TriedRate:
    score = None if result.failed else sum(log(max(result.objectives[o], ideal[o])) for o in ideal) / len(ideal)
    return TriedRate(rate, score, result.reason, result.batches, dict(result.seconds))


def _best(tried: Sequence[TriedRate]) -> int:
    """Return the index of the lowest smoothed score among the rates that did not fail; of equal ones, the lowest rate.

    Raises:
        TrainingFailedError: all failed.
    """
    curve = smoothed([each.score for each in tried])
    if not any(each.score is not None for each in tried):
        raise TrainingFailedError(
            f"expected a learning rate that the start can be trained at, but it failed at all from {tried[0].rate:.2g} "
            f"to {tried[-1].rate:.2g}, the last: {tried[-1].reason}; give a learning rate, or another start"
        )
    return min((i for i, each in enumerate(tried) if each.score is not None), key=lambda i: curve[i])


def smoothed(scores: Sequence[float | None]) -> list[float]:
    """Return each score averaged with its neighbours, which weigh half; a failed one counts as the worst of the others.

    So neither a lucky rate wins nor the last one before training diverges.
    """
    finite = [score for score in scores if score is not None and isfinite(score)]
    filled = [score if score is not None and isfinite(score) else max(finite, default=0.0) for score in scores]
    curve = []
    for i, score in enumerate(filled):
        beside = [filled[j] for j in (i - 1, i + 1) if 0 <= j < len(filled)]
        curve.append((2 * score + sum(beside)) / (2 + len(beside)))
    return curve
