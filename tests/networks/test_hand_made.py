"""hand_made: valid for any problem, of the asked size as near as a whole width can come, the same every time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from valpnas.errors import ConfigError
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.validity import validate
from valpnas.graph.valp import Input, Output, OutputTraining, Valp
from valpnas.networks.dense_spec import DenseSpec
from valpnas.networks.hand_made import WIDTH, hand_made
from valpnas.networks.module import count_parameters

TASKS: list[Task] = [Classification(3), Regression(2), Distribution(8), Generation((1, 8, 8))]
X, Y = Input("n1", (1, 8, 8), kind="image"), Input("table", (20,))
CLASS, SAMPLE = Output("n2", Classification(10)), Output("sample", Generation((1, 8, 8)))


def width_of(valp: Valp) -> int:
    """The one width that all networks share."""
    (width,) = {spec.output_shape[0] for spec in valp.specs.values()}
    return width


def least(inputs: list[Input], outputs: list[Output], layers: int) -> int:
    """Parameters of networks of one unit, found by asking for too few."""
    with pytest.raises(ConfigError, match="expected at least") as caught:
        hand_made(inputs, outputs, layers, parameters=1)
    return int(str(caught.value).split("at least ")[1].split(",")[0])


@quick
@given(
    st.integers(1, 3),
    st.lists(st.sampled_from(TASKS), min_size=1, max_size=4),
    st.sampled_from([1, 3]),
    st.integers(0, 60),
)
def test_it_is_valid_and_of_the_asked_size(count: int, tasks: list[Task], layers: int, thousands: int) -> None:
    inputs = [Input(f"i{i}", (3, 2) if i else (4,)) for i in range(count)]
    outputs = [Output(f"o{i}", task) for i, task in enumerate(tasks)]
    asked = least(inputs, outputs, layers) + 5000 * thousands
    valp = hand_made(inputs, outputs, layers, asked)
    validate(valp)
    off, width = abs(count_parameters(valp) - asked), width_of(valp)
    assert off <= asked / width  # a count that grows with the square of the width is off by half a step of it
    if width >= 25:
        assert off <= 0.04 * asked


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("asked", [4000, 33_333, 150_000])
def test_no_other_width_comes_nearer(layers: int, asked: int) -> None:
    off = abs(count_parameters(hand_made([X], [CLASS, SAMPLE], layers, asked)) - asked)
    counts = sorted(
        {
            count_parameters(hand_made([X], [CLASS, SAMPLE], layers, n))
            for n in range(asked // 2, 2 * asked, asked // 50)
        }
    )
    assert off == min(abs(count - asked) for count in counts)


def test_every_output_hears_every_input_and_samples_pass_a_decoder() -> None:
    valp = hand_made([X, Y], [CLASS, SAMPLE], layers=3, parameters=50_000)
    encoders = {target for vertex in ("n1", "table") for target in valp.targets(vertex)}
    assert set(valp.sources("n2")) == encoders
    (behind,) = valp.sources("sample")
    (decoder,) = valp.sources(behind)
    assert valp.specs[decoder].decodes
    assert set(valp.sources(decoder)) == encoders
    assert isinstance(spec := valp.specs[behind], DenseSpec)
    assert len(spec.layers) == 3


def test_names_of_the_problem_are_left_alone() -> None:
    valp = hand_made([X], [CLASS, SAMPLE], layers=1)
    assert not set(valp.specs) & {"n1", "n2"}


def test_without_a_size_it_has_the_width_as_drawn() -> None:
    assert width_of(hand_made([X], [CLASS], layers=1, parameters=0)) == WIDTH


def test_training_is_handed_on() -> None:
    how = OutputTraining(0.1, "sgd")
    valp = hand_made([X], [CLASS], 1, training={"n2": how}, batch_size=7)
    assert (valp.output_training, valp.batch_size) == ({"n2": how}, 7)
