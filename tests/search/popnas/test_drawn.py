"""Evolution and random search of cells: uniform draws, mutations of one place, and who is in the population."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from tests.search.popnas.fakes import CellBench, by_operations, cells_of, play, settings
from valpnas.cells.canonical import canonical_keys
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import encode
from valpnas.cells.expansion import expand, one_block_cells
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.search.popnas.drawing import draw_cell, in_canonical_form, mutate
from valpnas.search.popnas.drawn import AT_ONCE, Evolution, RandomCells

SPACE = CellSpace(("identity", "3x3 conv"), blocks=2)
SMALL = settings(networks=30)


def test_every_kind_of_cell_is_as_likely_as_any_other() -> None:
    """Of two blocks in any order there are two encodings, of a chain one: both come as often."""
    rng = np.random.default_rng(0)
    every = expand(SPACE, one_block_cells(SPACE))
    kinds = len(np.unique(canonical_keys(SPACE, every)))
    assert kinds < len(every)
    draws = 10 * kinds
    counts = Counter(draw_cell(SPACE, rng) for _ in range(draws))
    assert len(counts) == kinds
    chi2 = sum((count - 10) ** 2 / 10 for count in counts.values())
    assert chi2 < kinds + 4 * np.sqrt(2 * kinds)


def test_a_drawn_cell_is_in_canonical_form() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        cell = draw_cell(SPACE, rng)
        assert in_canonical_form(SPACE, cell) == cell
        assert len(cell.blocks) == 2


def test_a_mutation_changes_one_input_or_one_operation() -> None:
    rng, seen = np.random.default_rng(2), set()
    cell = draw_cell(SPACE, rng)
    near = set(_neighbours(cell))
    for _ in range(200):
        mutated = mutate(SPACE, cell, rng)
        assert in_canonical_form(SPACE, mutated) == mutated
        seen.add(mutated)
    assert seen == near


def _neighbours(cell):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    for place, block in enumerate(cell.blocks):
        for side in ("1", "2"):
            values = {"in": [-2, -1, *range(place)], "op": SPACE.operations}
            for part, options in values.items():
                for value in options:
                    if value != getattr(block, part + side):
                        blocks = list(cell.blocks)
                        blocks[place] = replace(block, **{part + side: value})
                        yield in_canonical_form(SPACE, type(cell)(tuple(blocks)))


def test_a_place_without_another_choice_is_not_mutated() -> None:
    alone = CellSpace(("identity",), (-1,), 1)
    cell = draw_cell(alone, np.random.default_rng(0))
    assert mutate(alone, cell, np.random.default_rng(0)) == cell


@pytest.mark.parametrize("kind", [RandomCells, Evolution])
def test_so_many_are_trained_and_no_two_are_equivalent(kind: type[RandomCells] | type[Evolution]) -> None:
    search = kind(SMALL)
    bench = CellBench()
    jobs, states = play(search, bench)
    assert [job.record.candidate for job in jobs] == list(range(30))
    assert {len(after.tried) - len(before.tried) for before, after in pairwise(states)} <= {
        AT_ONCE,
        2,
    }
    assert search.progress(states[-1]) == (30, 30)
    space = search.networks(bench).space  # type: ignore[arg-type]
    assert len(np.unique(canonical_keys(space, encode(space, cells_of(jobs))))) == 30
    assert {job.record.round for job in jobs} == {3}


def test_the_oldest_dies_and_the_best_of_a_sample_is_mutated() -> None:
    search = Evolution(SMALL, population=6)
    jobs, _ = play(search, CellBench())
    reasons = [job.record.reason for job in jobs]
    drawn = sum(reason == "random" for reason in reasons)
    assert drawn == 8  # two asks of four: the second began before there were six
    cells, young = cells_of(jobs), []
    for job in jobs[drawn:]:
        (parent,) = job.record.parents
        assert job.record.reason == f"mutation of {parent}"
        first = job.record.candidate // AT_ONCE * AT_ONCE  # of its ask
        assert first - 6 <= parent < first
        young.append(by_operations(cells[parent])[0])
    worse = sorted(by_operations(cell)[0] for cell in cells)
    assert np.mean(young) < np.mean(worse)


def test_who_failed_is_no_parent_and_is_not_tried_again() -> None:
    jobs, states = play(
        Evolution(SMALL, population=4),
        CellBench(),
        lambda c: "no" if c.blocks[0].op1 == "identity" else by_operations(c),
    )
    failed = {each.candidate for each in states[-1].tried if each.failed}
    assert failed
    assert not failed & {parent for job in jobs for parent in job.record.parents}
    assert len({job.record.graph for job in jobs}) == 30


def test_a_space_that_is_used_up_ends_the_search() -> None:
    bench = CellBench()
    jobs, _ = play(RandomCells(settings(blocks=1, networks=50)), bench)
    assert len(jobs) == 10
    assert bench.notes == ["200 cells drawn that are not too large are equivalent to some of the 10 trained"]


def test_cells_that_are_too_large_are_not_drawn() -> None:
    jobs, _ = play(RandomCells(SMALL), CellBench(space=Space(max_parameters=90)))
    assert max(job.model.parameters for job in jobs) <= 90


@pytest.mark.parametrize("kind", [RandomCells, Evolution])
def test_a_tight_limit_does_not_end_the_search(
    kind: type[RandomCells] | type[Evolution], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where far more cells are too large than count as a space that is used up."""
    monkeypatch.setattr("valpnas.search.popnas.drawn._TRIES", 1)
    bench = CellBench(space=Space(max_parameters=60))
    jobs, _ = play(kind(settings(networks=6)), bench)
    assert (len(jobs), bench.notes) == (6, [])


def test_a_limit_below_all_cells_ends_the_search_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("valpnas.search.popnas.drawn._TOO_LARGE", 300)
    bench = CellBench(space=Space(max_parameters=1))
    assert play(RandomCells(SMALL), bench)[0] == []
    assert bench.notes == ["300 cells drawn have more weights than max_parameters, 1; 0 were trained"]


def test_nothing_to_train_is_refused() -> None:
    with pytest.raises(ConfigError, match="networks: expected at least 1 with search = 'cell-random', got 0"):
        RandomCells(settings())
