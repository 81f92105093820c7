"""The positions at which cells are built."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.cells.positions import built_positions, reached_positions
from valpnas.cells.text import read_cell
from valpnas.errors import InvalidValpError


def test_the_sequential_lookback_builds_every_cell() -> None:
    """M=3 motifs, N=2 normal cells: eight cells."""
    assert built_positions(read_cell("[(-2, 'gru', -1, 'gru')]"), 8) == tuple(range(8))


def test_without_it_every_second_cell_is_built() -> None:
    """Counted back from the last (POPNASv3 3.2.2: cells that use -2 only are fewer)."""
    assert built_positions(read_cell("[(-2, 'gru', -2, 'gru');(0, 'gru', -2, 'gru')]"), 8) == (1, 3, 5, 7)
    assert built_positions(read_cell("[(-3, 'gru', -3, 'gru')]"), 8) == (1, 4, 7)


def test_what_a_farther_lookback_reads_is_built_too() -> None:
    """-3 reads between the positions that -2 reaches."""
    assert reached_positions((-2, -3), 8) == (0, 1, 2, 3, 4, 5, 7)


def test_the_empty_cell_is_built_nowhere() -> None:
    """A network of its head alone."""
    assert built_positions(read_cell("[]"), 8) == ()


def test_a_stack_of_nothing_is_refused() -> None:
    """There is no last position."""
    with pytest.raises(InvalidValpError, match="one position or more, got 0"):
        reached_positions((-1,), 0)


@settings(deadline=None)
@given(st.sets(st.integers(-5, -1), min_size=1), st.integers(1, 20))
def test_the_built_are_those_with_a_path_to_the_last(lookbacks: set[int], positions: int) -> None:
    """By networkx."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(positions))
    graph.add_edges_from((p + back, p) for p in range(positions) for back in lookbacks if p + back >= 0)
    built = reached_positions(lookbacks, positions)
    assert set(built) == nx.ancestors(graph, positions - 1) | {positions - 1}
