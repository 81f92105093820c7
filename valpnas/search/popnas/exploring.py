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
_CHUNK = 8192  # cells looked at at a time: the next one is mostly near
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
        return Neglected(
            _rare(front[:, :, 0::2], inputs), _rare(front[:, :, 1::2], 1 + np.arange(len(space.operations)))
        )

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
    scan = _Scan(neglected.threshold, uses.take(left), scores[left], costs[left], distance_points)
    chosen: list[int] = []
    while len(chosen) < most and (following := scan.next(chosen)) is not None:
        chosen.append(following)
    return np.asarray(left[chosen])


@dataclass(frozen=True, eq=False)
class _Scan:
    """Cells from the best score on, looked at once: who is passed over does not come again."""

    threshold: int
    uses: _Uses
    scores: Floats
    costs: Floats
    distance_points: bool

    def next(self, chosen: list[int]) -> int | None:
        """Return the place of the first fit cell behind those ``chosen``; None when there is no more."""
        for begin in range(chosen[-1] + 1 if chosen else 0, len(self.scores), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            fit = self._points(part, chosen) >= self.threshold
            if fit.any():
                fit &= ~self._dominated(part, chosen)
            if fit.any():
                return begin + int(fit.argmax())
        return None

    def _points(self, part: slice, chosen: list[int]) -> Floats:
        points = self.uses.points(part, chosen)
        if not self.distance_points or not chosen:
            return points
        return points + _distance(self.scores[part], self.costs[part], self.scores[chosen[-1]], self.costs[chosen[-1]])

    def _dominated(self, part: slice, chosen: list[int]) -> NDArray[np.bool_]:
        """Return who of a part is nowhere better and somewhere worse than one of those chosen."""
        points = np.column_stack([-self.scores[part], self.costs[part]])
        best = np.column_stack([-self.scores[chosen], self.costs[chosen]])
        out = np.zeros(len(points), bool)
        for one in best:
            out |= (points >= one).all(axis=1) & (points > one).any(axis=1)
        return out


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

    def points(self, part: slice, chosen: list[int]) -> Floats:
        """Return the points of each cell of a part, given those ``chosen`` among all."""
        inputs, operations = self.inputs[chosen].sum(axis=0), self.operations[chosen].sum(axis=0)
        behind = (inputs.sum() <= operations.sum(), operations.sum() <= inputs.sum())
        points = self.inputs[part] @ _worth(inputs, behind[0]) + self.operations[part] @ _worth(operations, behind[1])
        return np.asarray(points, np.float64)


def _worth(counts: Counts, behind: np.bool_) -> Counts:
    """Return the points for using each of one kind: ``counts`` is how often those chosen do."""
    average = counts.sum() / max(len(counts), 1)
    return np.asarray(1 + 2 * (counts <= average) + int(behind), np.intp)


def _distance(scores: Floats, costs: Floats, last_score: np.float64, last_costs: Floats) -> Floats:
    """Return the points for how far estimates lie from the last one's: less of a score and less of a cost count."""
    points = (1 - scores / last_score) / _SCORE_STEP if last_score else np.zeros(len(scores))
    if len(last_costs) and last_costs[0]:
        points = points + (1 - costs[:, 0] / last_costs[0]) / _COST_STEP
    return np.asarray(points)
