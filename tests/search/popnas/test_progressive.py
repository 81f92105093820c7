"""POPNAS and PNAS on made-up figures: which cells each round asks for, in the space and out of the state alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.search.popnas.fakes import (
    SETTINGS,
    CellBench,
    Planted,
    by_operations,
    cells_of,
    images,
    play,
    result_of,
    settings,
)
from valpnas.cells.block import Cell
from valpnas.cells.canonical import canonical, canonical_keys
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import block_count, encode
from valpnas.cells.plan import plan_network
from valpnas.cells.text import read_cell
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, TrainingFailedError, UnknownNameError
from valpnas.graph.valp import OutputTraining
from valpnas.predictors.cells.contracts import FittedScore
from valpnas.search.popnas.measured import Measured
from valpnas.search.popnas.networks import Networks
from valpnas.search.popnas.progressive import Pnas, Popnas, PopnasV1, PopnasV2, ProgressiveSearch
from valpnas.search.popnas.state import CellState

EXACT = settings(costs=("parameters",))
VERSIONS = (Popnas, PopnasV2, PopnasV1, Pnas)


def test_the_first_round_trains_the_empty_cell_and_all_of_one_block() -> None:
    (first, *rest), states = play(Popnas(replace(EXACT, blocks=1)), CellBench())
    assert (first.record.reason, first.record.round, cells_of([first])) == ("empty cell", 0, [Cell()])
    assert [job.record.candidate for job in rest] == list(range(1, 11))  # 4 sides, 10 unordered pairs
    assert {(job.record.reason, job.record.round) for job in rest} == {("one block", 1)}
    assert len({canonical(cell).blocks for cell in cells_of(rest)}) == 10
    assert Popnas(replace(EXACT, blocks=1)).progress(states[-1]) == (1, 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_round_adds_a_block_to_cells_of_the_last(version: type[ProgressiveSearch]) -> None:
    bench = CellBench()
    jobs, states = play(version(EXACT), bench)
    by_number = {job.record.candidate: cell for job, cell in zip(jobs, cells_of(jobs), strict=True)}
    for job in jobs[11:]:
        (parent,) = job.record.parents
        cell = by_number[job.record.candidate]
        assert cell.blocks[:-1] == by_number[parent].blocks
        assert job.record.round == len(cell.blocks)
        assert job.record.protocol.span == (0.0, 1.0)
    assert [len(s.tried) for s in states][1] == 11
    assert {job.record.round for job in jobs} == {0, 1, 2, 3}
    assert all(1 <= sum(job.record.round == b for job in jobs) <= 6 + 2 for b in (2, 3))
    keys = canonical_keys(Networks(bench.problem, EXACT, OutputTraining(), 8).space, encode_all(bench, jobs))
    assert len(np.unique(keys)) == len(jobs)
    assert len(bench.notes) == 3


def encode_all(bench: CellBench, jobs: list) -> np.ndarray:  # type: ignore[type-arg]
    return encode(Networks(bench.problem, EXACT, OutputTraining(), 8).space, cells_of(jobs))


def test_exact_costs_are_journalled_as_they_are() -> None:
    jobs, _ = play(Popnas(settings(costs=("parameters", "flops"))), CellBench())
    for job in jobs[11:]:
        plan = plan_network(cells_of([job])[0], Networks(images(), EXACT, OutputTraining(), 8).macro, (1, 8, 8), 2)
        assert set(job.record.estimates) == {"score", "parameters", "flops"}
        assert job.record.estimates["parameters"] == plan.trainable == job.model.parameters
        assert job.record.estimates["flops"] == plan.flops


def test_the_front_of_each_round_is_none_that_another_dominates() -> None:
    jobs, _ = play(Popnas(settings(costs=("parameters",), exploration=0)), CellBench())
    for blocks in (2, 3):
        told = [job.record.estimates for job in jobs if job.record.round == blocks]
        assert [e["score"] for e in told] == sorted((e["score"] for e in told), reverse=True)
        assert all(b["parameters"] < a["parameters"] or a == b for a, b in pairwise(told))  # equals stay


def test_pnas_takes_the_best_scores_and_fills_its_beam() -> None:
    jobs, _ = play(Pnas(EXACT), CellBench())
    for blocks in (2, 3):
        told = [job for job in jobs if job.record.round == blocks]
        assert len(told) == EXACT.children
        assert {job.record.reason for job in told} == {"best scores"}
        assert all(set(job.record.estimates) == {"score"} for job in told)


def test_a_hard_limit_of_seconds_leaves_out_what_is_expected_to_be_slow() -> None:
    everybody, _ = play(Popnas(settings(children=40)), CellBench())
    jobs, _ = play(Popnas(settings(children=40, most_seconds=2.5)), CellBench())
    expected = [job.record.estimates["seconds"] for job in jobs[11:]]
    assert expected
    assert max(expected) <= 2.5 < max(job.record.estimates["seconds"] for job in everybody[11:])


def test_seconds_are_those_of_training() -> None:
    bench = CellBench()
    _, states = play(Popnas(SETTINGS), bench)
    networks = Networks(bench.problem, SETTINGS, OutputTraining(), 8)
    measured = Measured.of(networks, states[2], bench)  # type: ignore[arg-type]
    wanted = [by_operations(cell)[1] for _, cell in measured.known]
    assert measured.costs("seconds").tolist() == wanted
    assert measured.scores.tolist() == [1 - by_operations(cell)[0] for _, cell in measured.known]
    features = measured.features("seconds")
    assert features[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 1]  # the empty cell
    # (-1, identity, -1, identity) costs 0.1 beyond the empty cell, the convolution 2.1.
    conv = measured.features_of(encode(networks.space, [read_cell("[(-1, '3x3 conv', -1, 'identity')]")]), "seconds")
    assert conv[0, 2] == pytest.approx(1 + 0.1 / 2.1)


def test_predictors_are_fitted_to_all_that_was_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The empty cell among it (Algorithm 1); each round to all rounds before."""
    shown, fit = list[np.ndarray](), Planted.fit

    def remembers(self: Planted, space: CellSpace, cells: np.ndarray, *given: Any) -> FittedScore:
        shown.append(cells)
        return fit(self, space, cells, *given)

    monkeypatch.setattr(Planted, "fit", remembers)
    _, states = play(Popnas(EXACT), CellBench())
    assert [len(cells) for cells in shown] == [len(state.trained) for state in states[1:3]]
    assert [block_count(cells)[0] for cells in shown] == [0, 0]


def test_an_operation_that_could_not_be_timed_counts_as_the_dearest() -> None:
    def fails(cell: Cell) -> tuple[float, float] | str:
        alone = len(cell.blocks) == 1 and cell.blocks[0].operations == ("3x3 conv", "3x3 conv")
        return "out of memory" if alone else by_operations(cell)

    bench = CellBench()
    jobs, states = play(Popnas(SETTINGS), bench, fails)
    networks = Networks(bench.problem, SETTINGS, OutputTraining(), 8)
    measured = Measured.of(networks, states[1], bench)  # type: ignore[arg-type]
    assert len(measured.known) == 11 - 3  # those on -2 and -1, -1 and -1, -2 and -2
    identity, conv = (
        measured.features_of(encode(networks.space, [read_cell(f"[(-1, '{o}', -1, '{o}')]")]), "seconds")[0, 2]
        for o in ("identity", "3x3 conv")
    )
    assert (identity, conv) == (2, 2)  # the only one that could be timed is the dearest as well
    failed = {each.candidate for each in states[-1].tried if each.failed}
    assert not failed & {parent for job in jobs for parent in job.record.parents}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_asked_follows_from_the_state(version: type[ProgressiveSearch]) -> None:
    bench = CellBench()
    search = version(EXACT)
    _, states = play(search, bench)
    for state in states[:-1]:
        once, again = search.ask(state, bench), search.ask(state, bench)  # type: ignore[arg-type]
        assert [job.record for job in once] == [job.record for job in again]
        for one, other in zip(once, again, strict=True):
            assert all(bool((one.model.weights[n] == other.model.weights[n]).all()) for n in one.model.weights)


def test_front_and_weights_kept_are_those_nobody_dominates() -> None:
    search = Popnas(EXACT)
    jobs, states = play(search, CellBench())
    best = min(range(len(jobs)), key=lambda i: by_operations(cells_of(jobs)[i])[0])
    assert search.front(states[-1]) == [best]
    assert search.keep(states[-1]) == {best}
    verdicts = dict(search.verdicts(states[-1]))
    assert all((verdict == "accepted") == (candidate == best) for candidate, verdict in verdicts.items())


def test_cells_that_are_too_large_are_not_proposed() -> None:
    unbounded, _ = play(Popnas(EXACT), CellBench())
    limit = 90
    assert max(job.model.parameters for job in unbounded) > limit
    jobs, _ = play(Popnas(EXACT), CellBench(space=Space(max_parameters=limit)))
    assert max(job.model.parameters for job in jobs) <= limit
    assert len(jobs) > 3


def test_a_search_of_which_nothing_can_be_trained_says_so() -> None:
    with pytest.raises(TrainingFailedError, match="11 starts failed one after the other, the last: no"):
        play(Popnas(EXACT), CellBench(), lambda _: "no")


def test_a_search_ends_where_a_whole_round_failed() -> None:
    bench = CellBench()
    jobs, states = play(Popnas(EXACT), bench, lambda c: "no" if len(c.blocks) > 1 else by_operations(c))
    assert {job.record.round for job in jobs} == {0, 1, 2}
    assert Popnas(EXACT).front(states[-1])
    assert bench.notes[-1] == "no cell of 2 blocks could be trained (no); the search ends at 1 of 3 blocks"


def test_a_search_ends_where_all_cells_are_too_large() -> None:
    bench = CellBench(space=Space(max_parameters=1))
    jobs, _ = play(Popnas(EXACT), bench)
    assert cells_of(jobs) == [Cell()]
    assert bench.notes[-1].endswith("has as few weights as max_parameters asks; the search ends at 0 of 3 blocks")


def test_exploration_happens_in_every_round_but_the_last() -> None:
    operations = ("identity", "1x1 conv", "3x3 conv")
    wide = settings(operations=operations, children=4, exploration=3, costs=("parameters",))
    for version in (Popnas, PopnasV2):
        jobs, _ = play(version(wide), CellBench())
        assert {job.record.round for job in jobs if job.record.reason == "exploration"} == {2}
    for cell_search in (replace(wide, exploration=0),):
        jobs, _ = play(Popnas(cell_search), CellBench())
        assert not [job for job in jobs if job.record.reason == "exploration"]


WRONG: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "no costs": (lambda: Popnas(settings(costs=())), ConfigError, "cell_search.costs: expected one at least with sea"),
    "a score predictor": (lambda: Popnas(settings(score_predictor="lstn")), UnknownNameError, "did you mean lstm"),
    "a cost predictor": (lambda: Pnas(settings(cost_predictor="nnl")), UnknownNameError, "did you mean nnls"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_searched_is_refused(name: str) -> None:
    make, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        make()


def test_states_are_told_in_any_parts() -> None:
    """A state is the results told, whatever they were told with."""
    search, bench = Popnas(EXACT), CellBench()
    jobs = search.ask(search.begin(), bench)  # type: ignore[arg-type]
    results = [result_of(job) for job in jobs]
    state: CellState = search.begin()
    for result in results:
        state = search.tell(state, [result])
    whole = search.tell(search.begin(), results)
    assert (state.tried, state.archive) == (whole.tried, whole.archive)
