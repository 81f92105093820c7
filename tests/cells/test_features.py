"""The features of the time predictor, against a plain reading of their definitions one cell at a time."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.cells.block import Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import encode
from valpnas.cells.expansion import expand, one_block_cells
from valpnas.cells.features import FEATURES, time_features
from valpnas.cells.positions import built_positions
from valpnas.cells.text import read_cell
from valpnas.errors import InvalidValpError

from .graphs import PAPER, cells_of, dag, rewritten

SPACE = CellSpace(PAPER, (-3, -2, -1), 5)
FEW = CellSpace(("identity", "3x3 conv", "5x5 conv"), (-2, -1), 5)
REINDEX = np.linspace(0.0, 1.0, 12) ** 2


def slow(cell: Cell, reindex: dict[str, float], positions: int) -> list[float]:
    """Return the nine features from their definitions."""
    if not cell.blocks:
        return [0, 0, 0, 0, 1, 0, 0, 0, 1]
    sides = [side for b in cell.blocks for side in zip(b.inputs, b.operations, strict=True)]
    total = sum(reindex[operation] for _, operation in sides)
    inner = dag(cell).copy()
    inner.remove_nodes_from([node for node in inner if node[0] == "lookback"])
    ways = [length for _, found in nx.all_pairs_shortest_path_length(inner) for length in found.values()]
    outputs = [node for node in inner if inner.out_degree(node) == 0]

    def weight(branch: tuple[str, int, int]) -> float:
        inside = nx.ancestors(inner, branch) | {branch}
        return sum(reindex[inner.nodes[node]["what"]] for node in inside if node[0] == "operation")

    first = sum(reindex[operation] for read, operation in sides if read < 0)
    heaviest = max(weight(branch) for output in outputs for branch in inner.predecessors(output))
    return [
        len(cell.blocks),
        len(built_positions(cell, positions)),
        total,
        float(len(cell.lookbacks) > 1),
        first / total if total else 1,
        sum(read >= 0 for read, _ in sides),
        1 + max(ways) // 2,
        len(outputs) if len(outputs) > 1 else 0,
        heaviest / total if total else 1,
    ]


@settings(max_examples=300, deadline=None)
@given(cells_of(SPACE), st.permutations(range(12)), st.integers(1, 12))
def test_features_are_those_of_the_definitions(cell: Cell, order: list[int], positions: int) -> None:
    """Any cell, any operation the slowest."""
    values = REINDEX[order]
    made = time_features(SPACE, encode(SPACE, [cell]), values, positions)[0]
    np.testing.assert_allclose(made, slow(cell, dict(zip(PAPER, values, strict=True)), positions), rtol=0, atol=1e-8)


@settings(deadline=None)
@given(st.lists(cells_of(FEW), min_size=1, max_size=20))
def test_sets_are_sets_of_cells(cells: list[Cell]) -> None:
    """All at once as one by one; operations that cost nothing among them."""
    values = [0.0, 1.0, 0.3]
    made = time_features(FEW, encode(FEW, cells), values, 8)
    one_by_one = [slow(cell, dict(zip(FEW.operations, values, strict=True)), 8) for cell in cells]
    np.testing.assert_allclose(made, one_by_one, rtol=0, atol=1e-8)


@settings(deadline=None)
@given(st.data())
def test_equivalent_cells_have_equal_features(data: st.DataObject) -> None:
    """To the last bit, whatever the order of the sums."""
    cell = data.draw(cells_of(SPACE, 1))
    both = encode(SPACE, [cell, data.draw(rewritten(cell))])
    made = time_features(SPACE, both, np.random.default_rng(0).random(12), 8)
    assert (made[0] == made[1]).all()


def test_more_cells_than_a_chunk() -> None:
    """Chunks are put together in order."""
    cells = expand(FEW, one_block_cells(FEW))
    cells = np.concatenate([cells] * 10)
    made = time_features(FEW, cells, [0.2, 1.0, 0.3], 8)
    assert len(cells) > 8192
    assert (made == np.concatenate([time_features(FEW, cells[: len(cells) // 10], [0.2, 1.0, 0.3], 8)] * 10)).all()


def test_the_empty_cell_and_operations_without_cost() -> None:
    """Shares of nothing are 1."""
    free = read_cell("[(-2, 'identity', -2, 'identity')]")
    made = time_features(FEW, encode(FEW, [Cell(), free]), [0.0, 1.0, 0.5], 8)
    assert made.tolist() == [[0, 0, 0, 0, 1, 0, 0, 0, 1], [1, 4, 0, 0, 1, 0, 1, 0, 1]]


def test_a_shortcut_makes_the_published_depth_less() -> None:
    """Four blocks in a row, and four of which the third reads the first as well."""
    side = "({}, 'identity', {}, 'identity')"
    texts = [";".join(side.format(a, b) for a, b in ((-1, -1), (0, 0), (back, 1), (2, 2))) for back in (1, 0)]
    made = time_features(FEW, encode(FEW, [read_cell(f"[{text}]") for text in texts]), [1, 1, 1], 8)
    assert made[:, FEATURES.index("dag_depth")].tolist() == [4, 3]


def test_the_heaviest_path_is_a_sub_dag() -> None:
    """The last block's second side depends on both of the others: all but its own first side."""
    text = "[(-1, '3x3 conv', -1, '3x3 conv');(-1, '3x3 conv', 0, '3x3 conv');(0, '3x3 conv', 1, '3x3 conv')]"
    made = time_features(FEW, encode(FEW, [read_cell(text)]), [0, 1, 0], 8)
    assert made[0, FEATURES.index("heaviest_dag_path_op_score_fraction")] == 5 / 6


@pytest.mark.parametrize("values", [[1.0], [1.0, np.nan, 0.0], [1.0, -0.1, 0.0]])
def test_other_values_are_refused(values: list[float]) -> None:
    """One for each operation, finite, from 0 on."""
    with pytest.raises(InvalidValpError, match="expected 3 finite reindex values"):
        time_features(FEW, one_block_cells(FEW), values, 8)
