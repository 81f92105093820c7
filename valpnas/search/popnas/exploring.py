"""The exploration front: a few cells that use the inputs and operations which the front neglects.

Sources: POPNASv2 3.2 and POPNASv3 3.3 (facts B7). The published code counts the first operation of a block twice and
the second never; here each counts once, as the papers say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells

Floats = NDArray[np.float64]
Counts = NDArray[np.intp]

_RARE = 5  # times as rare as if all were used alike
_BOTH, _ONE = 8, 4  # points that a cell needs where both kinds are neglected, where one is
_SCORE_STEP, _COST_STEP = 0.04, 0.10  # of relative distance that are worth a point


@dataclass(frozen=True, eq=False)
class Neglected:
    """Tokens of inputs and of operations that hardly occur in a front."""

    inputs: Counts
    operations: Counts

    @staticmethod
    def by(space: CellSpace, front: Cells) -> Neglected:
        """Return what cells of ``b`` blocks, ``(n, b, 4)``, use less than a fifth as often as if all were alike.

        Inputs that they could use are the lookbacks and all blocks but the last.
        """
        inputs = np.arange(1, space.first_block + front.shape[1] - 1)
        return Neglected(_rare(front[:, :, 0::2], inputs), _rare(front[:, :, 1::2], 1 + np.arange(len(space.operations))))

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(len(self.inputs) or len(self.operations))

    @property
    def threshold(self) -> int:
        """The points that a cell needs."""
        return _BOTH if len(self.inputs) and len(self.operations) else _ONE


def _rare(used: Cells, values: Counts) -> Counts:
    counts = np.bincount(used.reshape(-1).astype(np.intp), minlength=int(values[-1]) + 1)[values]
    return values[counts < used.size / (_RARE * len(values))]


def explore(
    neglected: Neglected, cells: Cells, scores: Floats, costs: Floats, most: int, distance_points: bool = False
) -> Counts:
    """Return the indices of ``most`` cells or fewer that use what is neglected, best score first.

    ``cells`` are ``(n, b, 4)``, ``scores`` ``(n,)`` and ``costs`` ``(n, objectives)``; cells chosen already are not
    among them. From the best score on, a cell is chosen that has points enough and that nobody chosen here dominates.
    It gets a point for each neglected input or operation that it uses, two more where those chosen here have it no
    more often than the average, and one for whichever of the two kinds they have less of. With ``distance_points``
    there are more for each 4 % of score and 10 % of the first cost between it and the one chosen last.
    """
    uses = _Uses.of(neglected, cells)
    left = np.flatnonzero(uses.any)
    left = left[np.lexsort((*costs[left, ::-1].T, -scores[left]))]
    uses, scores, costs = uses.take(left), scores[left], costs[left]
    chosen: list[int] = []
    dominated = np.zeros(len(left), bool)
    begin = 0
    while len(chosen) < most and begin < len(left):
        points = uses.points(chosen)
        if distance_points and chosen:
            points = points + _distance(scores, costs, chosen[-1])
        fit = (points >= neglected.threshold) & ~dominated
        following = np.flatnonzero(fit[begin:])
        if not len(following):
            break
        begin += int(following[0])
        chosen.append(begin)
        dominated |= _dominated_by(scores, costs, begin)
        begin += 1
    return left[chosen]


@dataclass(frozen=True, eq=False)
class _Uses:
    """How often each cell uses each neglected input and operation, ``(n, inputs)`` and ``(n, operations)``."""

    inputs: Counts
    operations: Counts

    @staticmethod
    def of(neglected: Neglected, cells: Cells) -> _Uses:
        sides = ((cells[:, :, 0::2], neglected.inputs), (cells[:, :, 1::2], neglected.operations))
        found = [
            np.stack([(used == token).sum(axis=(1, 2)) for token in tokens], axis=1)
            if len(tokens)
            else np.zeros((len(cells), 0), np.intp)
            for used, tokens in sides
        ]
        return _Uses(*found)

    @property
    def any(self) -> NDArray[np.bool_]:
        """Which cells use any."""
        return np.asarray((self.inputs.any(axis=1)) | (self.operations.any(axis=1)))

    def take(self, which: Counts) -> _Uses:
        return _Uses(self.inputs[which], self.operations[which])

    def points(self, chosen: list[int]) -> Floats:
        """Return ``(n,)``: the points of each cell, given those ``chosen``."""
        inputs, operations = self.inputs[chosen].sum(axis=0), self.operations[chosen].sum(axis=0)
        behind = (inputs.sum() <= operations.sum(), operations.sum() <= inputs.sum())
        points = self.inputs @ _worth(inputs, behind[0]) + self.operations @ _worth(operations, behind[1])
        return np.asarray(points, np.float64)


def _worth(counts: Counts, behind: np.bool_) -> Counts:
    """Return the points for using each of one kind: ``counts`` is how often those chosen do."""
    average = counts.sum() / max(len(counts), 1)
    return 1 + 2 * (counts <= average) + behind.astype(np.intp)


def _distance(scores: Floats, costs: Floats, last: int) -> Floats:
    score = (1 - scores / scores[last]) / _SCORE_STEP if scores[last] else np.zeros(len(scores))
    if not costs.shape[1] or not costs[last, 0]:
        return score
    return np.asarray(score + (1 - costs[:, 0] / costs[last, 0]) / _COST_STEP)


def _dominated_by(scores: Floats, costs: Floats, one: int) -> NDArray[np.bool_]:
    """Return whom cell ``one`` dominates: nowhere better and somewhere worse than it."""
    points = np.column_stack([-scores, costs])
    return np.asarray((points >= points[one]).all(axis=1) & (points > points[one]).any(axis=1))
