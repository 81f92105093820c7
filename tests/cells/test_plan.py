"""The plan of a network: published parameter counts, shapes, exits, and agreement with the modules made from it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from valpnas.cells.block import Cell
from valpnas.cells.initialise import initialise_units
from valpnas.cells.macro import Macro
from valpnas.cells.network import CellNetwork
from valpnas.cells.plan import INPUT, NetworkPlan, plan_network
from valpnas.cells.text import read_cell
from valpnas.cells.units import Recurrent
from valpnas.errors import InvalidValpError
from valpnas.testing.cell_strategies import cells, macros

REPEATABLE = settings(
    derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
ONE = "[(-2, '3x3 conv', -2, '3x3 conv')]"
FOUR = (
    "[(-2, '2x2 maxpool', -1, '3x3 conv');(-2, '3x3 conv', -1, '3x3 conv');"
    "(0, '2x2 maxpool', 1, '2x2 maxpool');(-2, '1x7-7x1 conv', 0, '3x3 conv')]"
)
THREE = (
    "[(-2, '2x2 maxpool', -1, '1x5-5x1 conv');(-2, '2x2 avgpool', -1, '1x5-5x1 conv');"
    "(-2, '1x1 conv', 0, '1x5-5x1 conv')]"
)


@st.composite
def plans(draw: st.DrawFn) -> NetworkPlan:
    """Draw a plan for odd and even extents."""
    dimensions = draw(st.sampled_from([1, 2]))
    extent = [draw(st.integers(3, 9)) for _ in range(dimensions)]
    entry = (draw(st.integers(1, 4)), *extent)
    return plan_network(draw(cells(dimensions, furthest=3)), draw(macros()), entry, draw(st.integers(0, 3)))


def built(plan: NetworkPlan) -> CellNetwork:
    """Return the initialised module."""
    network = CellNetwork(plan)
    initialise_units(network, torch.Generator().manual_seed(0))
    return network


@pytest.mark.parametrize(
    ("text", "size", "residual", "reshape", "parameters"),
    [
        (ONE, 32, False, False, 274_474),
        (ONE, 32, False, True, 296_602),
        (FOUR, 64, False, True, 1_667_098),
        ("[(-2, '3x3 dconv', -2, '1x5-5x1 conv')]", 32, True, False, 209_989),
        (THREE, 32, True, False, 1_156_858),
    ],
)
def test_parameters_are_the_published_ones(
    text: str, size: int, residual: bool, reshape: bool, parameters: int
) -> None:
    """The figures of the published code's own tests, which count running statistics."""
    plan = plan_network(read_cell(text), Macro(residual=residual, reshape=reshape), (3, size, size), 10)
    assert plan.with_statistics == parameters


@REPEATABLE
@given(plans())
def test_the_module_is_what_the_plan_says(plan: NetworkPlan) -> None:
    network = built(plan).eval()
    assert sum(p.numel() for p in network.parameters()) == plan.trainable
    assert sum(b.numel() for b in network.buffers()) == plan.with_statistics - plan.trainable
    value = torch.randn(2, *plan.input, generator=torch.Generator().manual_seed(1))
    values = network.values(value)
    for cell in plan.cells:
        assert tuple(values[cell.position].shape) == (2, *cell.output)
        assert values[cell.position].isfinite().all()
    result = network(value)
    assert tuple(result.shape) == (2, plan.exits[-1].head.classes if plan.exits else plan.output[0])


@REPEATABLE
@given(plans())
def test_multiply_adds_are_those_that_torch_counts(plan: NetworkPlan) -> None:
    # torch counts two operations per multiply-add, and none in an LSTM.
    lstm = sum(unit.multiply_adds for unit in plan.units() if isinstance(unit, Recurrent) and unit.form == "lstm")
    network = built(plan).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.exit_logits(torch.zeros(1, *plan.input)) if plan.exits else network(torch.zeros(1, *plan.input))
    assert counter.get_total_flops() == 2 * (plan.multiply_adds - lstm)
    assert plan.flops >= 2 * plan.multiply_adds


def test_a_reduction_halves_upwards_and_doubles() -> None:
    plan = plan_network(read_cell("[(-1, '3 conv', -1, 'identity')]"), Macro(5, 3, 1), (2, 7))
    assert [cell.output for cell in plan.cells] == [(5, 7), (10, 4), (10, 4), (20, 2), (20, 2)]
    assert [cell.reduction for cell in plan.cells] == [False, True, False, True, False]


def test_only_reached_cells_are_built() -> None:
    plan = plan_network(read_cell(ONE), Macro(), (3, 32, 32))
    assert [cell.position for cell in plan.cells] == [1, 3, 5, 7]
    assert [cell.lookbacks[0].position for cell in plan.cells] == [INPUT, 1, 3, 5]


def test_a_lookback_over_two_reductions_is_strided_by_four() -> None:
    plan = plan_network(read_cell("[(-4, '3 conv', -1, 'identity')]"), Macro(4, 3, 1), (2, 9))
    assert plan.cells[-1].lookbacks[-1].stride == 4
    assert plan.output == (16, 3)


@pytest.mark.parametrize("reshape", [False, True])
def test_cases_of_allocation(reshape: bool) -> None:
    text = "[(-2, 'identity', -1, '2x2 maxpool');(-2, '3x3:2dr conv', 0, 'identity')]"
    plan = plan_network(read_cell(text), Macro(8, 2, 1, reshape=reshape), (16, 8, 8))
    cases = [[branch.case for block in cell.blocks for branch in block] for cell in plan.cells]
    assert cases[0] == ["depth", "depth", "depth", "same"]  # 16 channels to 8 filters
    assert cases[1] == ["spatial", "both", "spatial", "same"]  # 16 channels of the input, 8 of the cell, to 16
    assert cases[2] == (["same"] * 4 if reshape else ["both", "same", "both", "same"])
    units = [type(unit).__name__ for unit in plan.cells[1].blocks[1][0].units]
    assert units == ["Convolution", "Pool"], "never both strided and dilated"


def test_exits() -> None:
    def exits(kind: str) -> list[tuple[int, float]]:
        macro = Macro(exits=kind)  # type: ignore[arg-type]
        return [(e.position, e.weight) for e in plan_network(read_cell(ONE), macro, (3, 32, 32), 10).exits]

    assert exits("last") == [(7, 1.0)]
    assert exits("two") == [(5, 0.25), (7, 0.75)]
    assert exits("all") == [(1, 1 / 128), (3, 1 / 32), (5, 1 / 8), (7, 1 / 2)]


def test_the_empty_cell_is_a_head() -> None:
    plan = plan_network(Cell(), Macro(), (3, 32, 32), 10)
    assert (plan.trainable, plan.with_statistics) == (40, 40)
    assert built(plan)(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_too_many_reductions_say_what_to_do() -> None:
    assert plan_network(read_cell("[(-1, 'gru', -1, 'gru')]"), Macro(motifs=3), (1, 3)).output[1:] == (1,)
    with pytest.raises(InvalidValpError, match=r"at least 3 .* for 3 motifs, got extent 2; use fewer motifs"):
        plan_network(read_cell("[(-1, 'gru', -1, 'gru')]"), Macro(motifs=3), (1, 2))


def test_operations_of_other_dimensions_are_refused() -> None:
    for text, entry in ((ONE, (1, 9)), ("[(-1, 'gru', -1, 'identity')]", (1, 9, 9))):
        with pytest.raises(InvalidValpError, match="expected an operation for"):
            plan_network(read_cell(text), Macro(), entry)
    with pytest.raises(InvalidValpError, match="expected an input of"):
        plan_network(read_cell(ONE), Macro(), (9,))


def test_a_macro_architecture_survives_json() -> None:
    macro = Macro(7, 2, 3, residual=False, join="avg", exits="two", project=True)
    assert Macro.from_json(macro.to_json()) == macro
    for wrong in ({"filters": 0}, {"join": "mul"}, {"exits": "none"}):
        with pytest.raises(InvalidValpError):
            Macro(**wrong)  # type: ignore[arg-type]
