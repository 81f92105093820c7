"""sized_valp: as many weights as were asked for, widths in their bounds, what cannot be met refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.graph.spec import Spec
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.validity import validate
from valpnas.graph.valp import Input, Output
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec
from valpnas.networks.module import count_parameters
from valpnas.networks.sized_valp import sized_valp

TASKS: list[Task] = [Classification(3), Regression(2), Distribution(4), Generation((1, 4, 4))]
SPACE = Space()
IMAGE = [Input("image", (1, 8, 8))]
CLASS = [Output("label", Classification(10))]


def widths_of(spec: Spec) -> list[int]:
    body = spec.body if isinstance(spec, DecoderSpec) else spec
    return [layer.width for layer in body.layers] if isinstance(body, DenseSpec) else []


@quick
@given(
    st.integers(0, 2**32),
    st.lists(st.sampled_from([(4,), (64,), (1, 8, 8)]), min_size=1, max_size=3),
    st.lists(st.sampled_from(TASKS), min_size=1, max_size=4),
    st.sampled_from([20_000, 60_000, 150_000]),
)
def test_the_size_is_near_the_one_asked_for(
    seed: int, shapes: list[tuple[int, ...]], tasks: list[Task], parameters: int
) -> None:
    inputs = [Input(f"i{i}", shape) for i, shape in enumerate(shapes)]
    outputs = [Output(f"o{i}", task) for i, task in enumerate(tasks)]
    valp = sized_valp(inputs, outputs, SPACE, parameters, np.random.default_rng(seed))
    validate(valp)
    assert 0.75 * parameters <= count_parameters(valp) <= 1.25 * parameters
    assert len(tasks) <= len(valp.networks) <= 2 * len(tasks)
    assert all(16 <= width <= 512 for spec in valp.specs.values() for width in widths_of(spec))


def test_it_is_decided_by_the_generator_alone() -> None:
    one, same, other = (sized_valp(IMAGE, CLASS, SPACE, 60_000, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_it_may_have_cells() -> None:
    space = replace(SPACE, networks=("dense", "cell")).fitted([IMAGE[0].shape])
    drawn = [sized_valp(IMAGE, CLASS, space, 40_000, np.random.default_rng(seed)) for seed in range(6)]
    assert {spec.kind for valp in drawn for spec in valp.specs.values()} == {"dense", "cell"}
    assert all(30_000 <= count_parameters(valp) <= 50_000 for valp in drawn)


def test_widths_keep_to_the_range_of_starts() -> None:
    space = replace(SPACE, min_start_width=40, max_start_width=50)
    valp = sized_valp(IMAGE, CLASS, space, 8_000, np.random.default_rng(0))
    assert {40 <= width <= 50 for spec in valp.specs.values() for width in widths_of(spec)} == {True}


def test_the_limit_of_parameters_cuts_the_band() -> None:
    space = replace(SPACE, max_parameters=50_000)
    counts = [
        count_parameters(sized_valp(IMAGE, CLASS, space, 50_000, np.random.default_rng(seed))) for seed in range(5)
    ]
    assert all(37_500 <= count <= 50_000 for count in counts)
    with pytest.raises(ConfigError, match="max_parameters: expected room for a start of at least 75,000 weights"):
        sized_valp(IMAGE, CLASS, space, 100_000, np.random.default_rng(0))


@pytest.mark.parametrize("parameters", [100, 10_000_000])
def test_a_size_that_no_model_has_is_refused(parameters: int) -> None:
    with pytest.raises(ConfigError, match=r"start_parameters: expected a random model of .*, the nearest found has"):
        sized_valp(IMAGE, CLASS, SPACE, parameters, np.random.default_rng(0))


def test_where_the_limit_is_what_is_in_the_way_the_error_says_so() -> None:
    with pytest.raises(ConfigError, match=r"the nearest found has .*; lower min_start_width, or raise max_parameters"):
        sized_valp(IMAGE, CLASS, replace(SPACE, max_parameters=130), 100, np.random.default_rng(0))
