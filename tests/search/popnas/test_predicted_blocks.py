"""Blocks that predictors choose: legal ones from the front, learnt from every cell of the run, and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.search.fakes import FakeBench
from tests.store.small_runs import make
from valpnas import catalog
from valpnas.cells.block import Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, decode
from valpnas.cells.macro import Macro
from valpnas.cells.text import read_cell
from valpnas.contracts.cell_bounds import CellBounds
from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Site, vary
from valpnas.contracts.past import Past
from valpnas.contracts.space import Space
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.cell_spec import CellSpec
from valpnas.networks.module import fresh_model
from valpnas.predictors.cells.contracts import FittedScore, Floats, ScorePredictor
from valpnas.search.choosers.by_gap import ByGap
from valpnas.search.choosers.random import RandomGentle
from valpnas.search.popnas.predicted_blocks import FEWEST, PredictedBlocks
from valpnas.search.popnas.seen_cells import SeenCell, distinct, seen_cells

SPACE = Space(networks=("dense", "cell"), cells=CellBounds(extent=(6,), max_blocks=3))
CELLS = [f"[(-1, '{one}', -2, '{other}')]" for one in ("7 conv", "gru") for other in ("7 dconv", "gru", "identity")]
SITE = Site(components=("n1",), place="end")


class CountsGru(ScorePredictor):
    """Learns nothing: the more gated recurrent units, the better."""

    name = "counts-gru"

    def __init__(self) -> None:
        self.shown: list[tuple[list[Cell], list[float]]] = []

    def fit(
        self,
        space: CellSpace,
        cells: Cells,
        scores: Floats,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> FittedScore:
        """Remember what was shown."""
        self.shown.append((decode(space, cells), scores.tolist()))
        return _Count(space)


class _Count(FittedScore):
    def __init__(self, space: CellSpace) -> None:
        self.space = space

    def predict(self, cells: Cells) -> Floats:
        cells_of = decode(self.space, cells)
        return np.array([sum(b.operations.count("gru") for b in cell.blocks) / 10 for cell in cells_of])


class Wants(Chooser):
    """Always wants the same."""

    name = "wants"

    def __init__(self, choice: Proposal | Continue) -> None:
        self.choice = choice

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:  # noqa: ARG002
        """Return it."""
        return self.choice


def model_of(text: str) -> Model:
    """Return a model whose one network is a cell network."""
    spec = CellSpec(read_cell(text), Macro(3, 2, 1, project=True), 2, (6,))
    arcs = [Arc("x", "n1"), Arc("n1", "y")]
    valp = Valp.make([Input("x", (2, 6))], [SubNetwork("n1", spec)], [Output("y", Classification(3))], arcs)
    return fresh_model(valp, np.random.default_rng(0))


def seen(texts: Sequence[str], objectives: Sequence[float]) -> Situation:
    """Return the situation of the last model, after these were trained."""
    models = {number: model_of(text) for number, text in enumerate(texts)}
    bench = FakeBench(space=SPACE, operators=catalog.operators(SPACE), models=models)
    history = tuple(Past(number, objectives={"y": each}) for number, each in enumerate(objectives))
    last = len(texts) - 1
    return Situation(last, models[last].valp, bench, frozenset(), frozenset(), history=history)


def asked(variant: str, situation: Situation, seed: int = 0) -> tuple[Proposal, CountsGru]:
    """Return what becomes of the wish for a block."""
    predictor = CountsGru()
    chooser = PredictedBlocks(Wants(Proposal(variant, SITE, "because")), predictor)
    chosen = chooser.choose(situation, np.random.default_rng(seed))
    assert isinstance(chosen, Proposal)
    return chosen, predictor


@pytest.mark.parametrize("variant", ["add_block/gentle", "add_block/aggressive"])
def test_the_block_is_legal_and_on_the_front_and_the_reason_says_so(variant: str) -> None:
    situation = seen(CELLS, np.linspace(0.9, 0.1, len(CELLS)).tolist())
    grus = set()
    for seed in range(30):
        chosen, predictor = asked(variant, situation, seed)
        assert [len(cells) for cells, _ in predictor.shown] == [len(CELLS)]
        assert chosen.site.place != "end"
        assert chosen.reason.startswith(f"because; {chosen.site.place} is number ")
        child = vary(situation.operators[variant], (situation.bench.model(5),), chosen.site, np.random.default_rng(1))
        spec = child.valp.specs["n1"]
        assert isinstance(spec, CellSpec)
        assert len(spec.cell.blocks) == 2
        grus.add(chosen.site.place.count("gru"))
    assert grus == {0, 1, 2}  # the best score, the least cost, and one between: a front, no single winner


def test_what_was_tried_is_not_named_again() -> None:
    situation, chosen = seen(CELLS, [0.5] * len(CELLS)), []
    for _ in range(5):
        proposal, _ = asked("add_block/gentle", situation)
        assert (proposal.variant, proposal.site) not in situation.tried
        chosen.append(proposal.site)
        situation = replace(situation, tried=situation.tried | {(proposal.variant, proposal.site)})
    assert len(set(chosen)) == 5


def test_too_few_cells_leave_the_block_to_the_operator() -> None:
    few = seen(CELLS[: FEWEST - 1], [0.5] * (FEWEST - 1))
    chosen, predictor = asked("add_block/gentle", few)
    assert chosen.site == SITE
    assert "a random block" in chosen.reason
    assert not predictor.shown


@pytest.mark.parametrize("choice", [Continue("enough"), Proposal("change_lr/increase", Site(outputs=("y",)), "why")])
def test_all_else_is_as_the_other_chooser_wants(choice: Proposal | Continue) -> None:
    chooser = PredictedBlocks(Wants(choice), CountsGru())
    assert chooser.choose(seen(CELLS, [0.5] * len(CELLS)), np.random.default_rng(0)) is choice


def test_who_finishes_something_still_does() -> None:
    assert PredictedBlocks(ByGap(), CountsGru()).finishes
    assert not PredictedBlocks(RandomGentle(), CountsGru()).finishes


def test_scores_compare_models_with_others_of_their_age() -> None:
    # Each model is better than the one before, as training goes on; the third is better for its age, the fourth worse.
    falling = np.exp(-np.arange(6) / 3)
    falling[2] *= 0.7
    falling[3] *= 1.4
    cells = seen_cells(seen(CELLS, falling.tolist()))
    assert [each.cell for each in cells] == [read_cell(text) for text in CELLS]
    scores = [each.score for each in cells]
    assert max(scores) == scores[2] == 1.0
    assert min(scores) == scores[3] == 0.0


def test_equal_cells_are_learnt_from_once_and_only_the_latest() -> None:
    """A fold that leaves a cell out would have it all the same; and a run may have thousands."""
    space = CellSpace(("7 conv", "7 dconv", "gru", "identity"), blocks=2)
    one, turned, other = (
        read_cell(text) for text in ("[(-2, 'gru', -1, '7 conv')]", "[(-1, '7 conv', -2, 'gru')]", CELLS[0])
    )
    cells = [SeenCell(one, 0.2), SeenCell(other, 0.5), SeenCell(turned, 0.4)]
    assert distinct(space, cells, 9) == [SeenCell(other, 0.5), SeenCell(one, pytest.approx(0.3))]
    assert [each.cell for each in distinct(space, cells, 1)] == [one]
    assert distinct(space, [], 9) == []


def test_a_predictor_is_shown_every_cell_once() -> None:
    again = seen([*CELLS, *CELLS], [0.5] * 2 * len(CELLS))
    _, predictor = asked("add_block/gentle", again)
    assert [len(cells) for cells, _ in predictor.shown] == [len(CELLS)]


def test_members_of_a_population_are_what_is_known_where_there_is_no_history() -> None:
    alone = seen(CELLS, [0.5] * len(CELLS))
    peers = {number: {"y": 0.1 * (1 + number)} for number in range(5)}
    situation = replace(alone, history=(), peers=peers, objectives={"y": 0.9})
    assert [each.cell for each in seen_cells(situation)] == [read_cell(text) for text in CELLS]


def test_a_run_names_blocks_once_it_has_seen_cells_enough(tmp_path: Path) -> None:
    mine = {"add_block/gentle", "add_block/aggressive", "change_operation/aggressive"}
    space = {"networks": ["cell"], "min_width": 3, "max_width": 6, "cells": {"extent": [4], "max_blocks": 4}}
    settings: dict[str, Any] = {"space": space, "without": sorted(set(catalog.operators(SPACE)) - mine)}
    settings |= {"chooser": "random", "cell_blocks": "predicted", "accept": "always", "steps": 14}
    run = make(tmp_path / "run", **settings, batches_per_step=1, initial_batches=2)
    added = [row["reason"] for row in run.history() if row["variant"].startswith("add_block/")]
    assert any("a random block" in reason for reason in added)
    assert any(" by what " in reason and "drawn from a front of" in reason for reason in added)
