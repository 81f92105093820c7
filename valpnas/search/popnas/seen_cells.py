"""Seen cells: the cells of the models that a run has trained, each with the score of the model it was part of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.block import Cell
from valpnas.cells.canonical import canonical_keys
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import encode
from valpnas.contracts.chooser import Situation
from valpnas.networks.cell_spec import CellSpec

_LEAST = 1e-12  # of an objective, whose logarithm is taken


@dataclass(frozen=True)
class SeenCell:
    """A cell, and the score in [0, 1] of a model with it: 1 is that of the best model of the run for its age."""

    cell: Cell
    score: float


def seen_cells(situation: Situation) -> list[SeenCell]:
    """Return the cells of every model told so far that could be trained, one per cell network; in a population, which
    keeps no history, those of its members.

    A model's objectives say how long it was trained as much as what it is made of. So the mean logarithm of its
    objectives is compared with a line through those of all models, in the order in which they were told, and the score
    is the rank of what is left: the share of models that are worse for their age.
    """
    known = _objectives(situation)
    scores = _scores(np.array([_level(objectives) for objectives in known.values()]))
    return [
        SeenCell(network.spec.cell, float(score))
        for candidate, score in zip(known, scores, strict=True)
        for network in situation.bench.valp(candidate).networks
        if isinstance(network.spec, CellSpec)
    ]


def distinct(space: CellSpace, seen: Sequence[SeenCell], most: int) -> list[SeenCell]:
    """Return one of each kind of equivalent cells of ``space``, with the mean of their scores; the ``most`` seen last.

    As they were first written, in the order in which they were last seen.
    """
    kinds: dict[object, list[SeenCell]] = {}
    if seen:
        for key, each in zip(canonical_keys(space, encode(space, [s.cell for s in seen])).tolist(), seen, strict=True):
            kinds[key] = [*kinds.pop(key, []), each]
    latest = list(kinds.values())[-most:]
    return [SeenCell(same[0].cell, float(np.mean([each.score for each in same]))) for same in latest]


def _objectives(situation: Situation) -> dict[int, Mapping[str, float]]:
    """Return the objectives of each model by number, in order: of the history, or of a population's members."""
    known = {past.candidate: past.objectives for past in situation.history if past.objectives}
    if not known:
        known = {**situation.peers, situation.candidate: situation.objectives}
    return {candidate: known[candidate] for candidate in sorted(known) if known[candidate]}


def _level(objectives: Mapping[str, float]) -> float:
    return float(np.mean(np.log(np.maximum(list(objectives.values()), _LEAST))))


def _scores(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of ``levels``, ``(n,)``, that lie higher above their common line than each does."""
    if len(levels) < 2:
        return np.full(len(levels), 0.5)
    age = np.arange(len(levels))
    left = levels - np.polyval(np.polyfit(age, levels, 1), age)
    return np.asarray((left[None, :] > left[:, None]).sum(axis=1) / (len(levels) - 1))
