"""Alternative macro-architectures: the largest within the limits, for each number of motifs and normal cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from valpnas.cell_training import CellStack
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.finishing.configurations import FILTERS, configuration, configurations
from valpnas.finishing.found import FoundCell
from valpnas.graph.valp import OutputTraining
from valpnas.networks.cell_spec import CellSpec
from valpnas.search.starts import SingleStart

from .small import CELL, images


def found(stack: CellStack) -> FoundCell:
    problem = images()
    start = SingleStart(network=stack.network(problem))
    valp = start.valp(problem, Space(), OutputTraining(), 32, np.random.default_rng(0))
    (spec,) = valp.specs.values()
    assert isinstance(spec, CellSpec)
    return FoundCell(0, valp, spec, 0.5)


SMALL = found(CellStack(CELL, filters=8, motifs=2, normal_cells=1))
BASE = SMALL.spec.macro


def test_without_limits_a_cell_is_stacked_as_it_was() -> None:
    (only,) = configurations([SMALL], None, second_exit=True)
    assert only.original
    assert only.spec.macro == replace(BASE, exits="two")
    assert (only.spec.answers, only.spec.classes) == ("side", 2)
    (bare,) = configurations([SMALL], None, second_exit=False)
    assert bare.spec == SMALL.spec
    assert bare.parameters < only.parameters
    assert bare.name != only.name


def test_for_each_stack_the_most_filters_between_the_limits() -> None:
    """As counted one by one; limits themselves are outside."""
    sizes = {
        (m, n, f): configuration(SMALL, replace(BASE, motifs=2 + m, normal_cells=1 + n, filters=int(8 * f)), True)
        .parameters for m in (0, 1) for n in (0, 1, 2) for f in FILTERS
    }  # fmt: skip
    least, most = sizes[0, 0, 1.75], sizes[0, 2, 2.0]
    made = configurations([SMALL], (least, most), second_exit=True)
    got = {(e.spec.macro.motifs - 2, e.spec.macro.normal_cells - 1): e for e in made if not e.original}
    wanted = {
        (m, n): max(f for f in FILTERS if least < sizes[m, n, f] < most)
        for m in (0, 1) for n in (0, 1, 2) if any(least < sizes[m, n, f] < most for f in FILTERS)
    }  # fmt: skip
    assert {key: each.spec.macro.filters for key, each in got.items()} == {k: int(8 * f) for k, f in wanted.items()}
    assert got[0, 0].spec.macro.filters == 16
    assert got[0, 2].spec.macro.filters == 14
    assert all(least < each.parameters < most for each in got.values())
    assert [each.original for each in made].count(True) == 1


def test_an_alternative_that_is_the_original_is_there_once() -> None:
    (original,) = configurations([SMALL], None, second_exit=True)
    made = configurations([SMALL], (original.parameters - 1, original.parameters + 1), second_exit=True)
    assert made == [original]


def test_more_motifs_than_the_map_has_room_for_are_left_out() -> None:
    """Of 8x8, 4 motifs leave 1x1; a fifth would halve that."""
    deep = found(CellStack(CELL, filters=2, motifs=4, normal_cells=1))
    made = configurations([deep], (0, 10**9), second_exit=True)
    assert {each.spec.macro.motifs for each in made} == {4}
    assert {each.spec.macro.normal_cells for each in made} == {1, 2, 3}


@pytest.mark.parametrize("limits", [(5, 5), (9, 3), (-1, 4)])
def test_limits_are_a_range(limits: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="parameters: expected a least and a larger most, got"):
        configurations([SMALL], limits, second_exit=True)


@pytest.mark.parametrize("limits", [(0, 10), (10**8, 10**9)])
def test_limits_that_leave_no_room_are_refused(limits: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match=r"parameters: expected room for an alternative of [\d,]+ to [\d,]+ between"):
        configurations([SMALL], limits, second_exit=True)
