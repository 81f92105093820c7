"""Predicted blocks: another chooser's choice, with the block that it adds drawn from a front of predictions.

The blocks of a POPNAS cell come from predictors that were trained on the cells before it; here the cells are those of
every sub-network that this run has trained, whatever model it was part of, or in a population those of its members
(POPNASv3 3.2 and 3.3, for one cell alone).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from valpnas.cells.block import Cell
from valpnas.cells.canonical import canonical_keys
from valpnas.cells.cell_space import MOST_BLOCKS, CellSpace
from valpnas.cells.encoding import Cells, decode, encode
from valpnas.cells.expansion import expand
from valpnas.cells.front import pareto_front
from valpnas.cells.text import write_block
from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.networks.cell_draws import space_of
from valpnas.networks.cell_spec import CellSpec, plan_of
from valpnas.predictors.cells.contracts import ScorePredictor
from valpnas.predictors.cells.lstm import Lstm
from valpnas.search.popnas.seen_cells import SeenCell, distinct, seen_cells

FEWEST = 6  # different cells that a prediction is made from
MOST = 8  # of the front, of which one is drawn
LATEST = 128  # different cells that are learnt from: what a step costs does not grow with the run for ever
_ORDERS = 4  # of each cell that the predictor is shown before a single step: a fit takes a few seconds at most


def random_blocks(inner: Chooser, space: Space) -> Chooser:  # noqa: ARG001 - as the other way wants it
    """Return ``inner``: the operator that it chooses draws the block."""
    return inner


def predicted_blocks(inner: Chooser, space: Space) -> Chooser:
    """Return ``inner`` with predicted blocks; raises ``ConfigError`` where ``space`` has no networks of cells."""
    if CellSpec.kind not in space.networks:
        raise ConfigError(
            f"cell_blocks: expected 'cell' among the networks of [space], got {', '.join(space.networks)}; add it "
            "(--networks dense,cell) or leave cell_blocks out"
        )
    return PredictedBlocks(inner, Lstm(orders=_ORDERS))


@dataclass(frozen=True, eq=False)
class PredictedBlocks(Chooser):
    """What ``inner`` chooses; where that is a block at the end of a cell, ``predictor`` has a say in which.

    Of all legal blocks those on the front of predicted score and multiply-adds are taken, the ``MOST`` best scores of
    them, and one is drawn. With fewer than ``FEWEST`` cells to learn from, the operator draws the block as ever.
    """

    inner: Chooser
    predictor: ScorePredictor

    @property
    def finishes(self) -> bool:
        """As ``inner``."""
        return self.inner.finishes

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return what ``inner`` chooses, with the block named."""
        wanted = self.inner.choose(situation, rng)
        if isinstance(wanted, Continue) or not wanted.variant.startswith("add_block/"):
            return wanted
        spec = situation.valp.specs[wanted.site.components[0]]
        if not isinstance(spec, CellSpec) or len(spec.cell.blocks) >= MOST_BLOCKS:
            return wanted
        options = _Options.of(situation, wanted, spec)
        covered = [each for each in seen_cells(situation) if options.covers(each.cell)]
        seen = distinct(options.space, covered, LATEST)
        if len(seen) < FEWEST or not options.cells:
            said = f"a random block: predictions need {FEWEST} different cells"
            return replace(wanted, reason=f"{wanted.reason}; {said}")
        return self._named(wanted, options, seen, rng)

    def _named(
        self, wanted: Proposal, options: _Options, seen: Sequence[SeenCell], rng: np.random.Generator
    ) -> Proposal:
        known = encode(options.space, [each.cell for each in seen])
        fitted = self.predictor.fit(options.space, known, np.array([each.score for each in seen]), rng)
        scores = fitted.predict(options.tokens)
        front = pareto_front(scores, options.multiply_adds, canonical_keys(options.space, options.tokens), MOST)
        chosen = int(rng.choice(front))
        block = write_block(options.cells[chosen].blocks[-1])
        rank = 1 + int((scores > scores[chosen]).sum())
        said = f"number {rank} of {len(scores)} blocks by what {len(seen)} different cells have reached"
        why = f"{wanted.reason}; {block} is {said}, drawn from a front of {len(front)}"
        features = {**wanted.features, "predicted score": float(scores[chosen])}
        return replace(wanted, site=replace(wanted.site, place=block), reason=why, features=features)


@dataclass(frozen=True, eq=False)
class _Options:
    """The cells that one cell could become by a legal block at its end that was not tried; ``tokens`` encode them."""

    space: CellSpace
    cells: Sequence[Cell]
    tokens: Cells
    multiply_adds: Sequence[int]

    @staticmethod
    def of(situation: Situation, wanted: Proposal, spec: CellSpec) -> _Options:
        bounds, blocks = situation.bench.space.cells, len(spec.cell.blocks)
        lookback = max([bounds.lookback, *(-read for read in spec.cell.lookbacks)])
        own = {operation for block in spec.cell.blocks for operation in block.operations}
        operations = tuple(sorted({*space_of(spec, bounds).available, *own}))
        space = CellSpace(operations, tuple(range(-lookback, 0)), min(max(bounds.max_blocks, blocks + 1), MOST_BLOCKS))
        children = expand(space, encode(space, [spec.cell], blocks or 1))
        cells = decode(space, children)
        legal = [i for i, cell in enumerate(cells) if _may(situation, wanted, write_block(cell.blocks[-1]))]
        costs = [plan_of(replace(spec, cell=cells[i])).multiply_adds for i in legal]
        return _Options(space, [cells[i] for i in legal], children[legal], costs)

    def covers(self, cell: Cell) -> bool:
        """Whether the space has this cell: others were made for another extent, or before the bounds were these."""
        reads = {read for block in cell.blocks for read in block.inputs if read < 0}
        does = {operation for block in cell.blocks for operation in block.operations}
        known = reads <= {*self.space.lookbacks} and does <= {*self.space.operations}
        return known and 0 < len(cell.blocks) <= self.space.blocks


def _may(situation: Situation, wanted: Proposal, block: str) -> bool:
    site = replace(wanted.site, place=block)
    tried = (wanted.variant, site) in situation.tried
    return not tried and situation.operators[wanted.variant].takes(situation.valp, site)
