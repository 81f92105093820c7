"""random_valp: always valid and within its limits, every structure reachable, impossible wishes refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from tests.graph.structures import every_valp
from valpnas.catalog import network_kind
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.validity import validate
from valpnas.graph.valp import Input, Output, OutputTraining, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense import DenseKind
from valpnas.networks.dense_spec import DenseSpec
from valpnas.networks.module import ValpModule
from valpnas.networks.random_valp import _Wiring, random_valp

from .every_draw import every_outcome

TASKS: list[Task] = [Classification(3), Regression(2), Distribution(4), Generation((1, 4, 4))]
X, Y = Input("a", (3,)), Input("b", (2,))
CLASS, SAMPLE = Output("label", Classification(3)), Output("sample", Generation((1, 4, 4)))
# Every network of a kind is the same, so that structures can be counted.
ONE = Space(min_width=4, max_width=4, max_layers=1, min_latent=2, max_latent=2, activations=("relu",))
KINDS = [network_kind(kind).random(ONE, np.random.default_rng(0)) for kind in ONE.networks]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def outputs_of(tasks: list[Task]) -> list[Output]:
    return [Output(f"o{i}", task) for i, task in enumerate(tasks)]


@quick
@given(st.integers(0, 2**32), st.integers(1, 3), st.lists(st.sampled_from(TASKS), min_size=1, max_size=4))
def test_draws_are_valid_and_within_the_space(seed: int, inputs: int, tasks: list[Task]) -> None:
    space = Space(min_width=5, max_width=9, min_layers=2, max_layers=3, min_latent=2, max_latent=3)
    vertices = [Input(f"i{i}", (3, 2) if i else (4,), optional=i == 2) for i in range(inputs)]
    valp = random_valp(vertices, outputs_of(tasks), space, np.random.default_rng(seed))
    validate(valp)
    assert len(tasks) <= len(valp.networks) <= 2 * len(tasks)
    assert (list(valp.inputs), list(valp.outputs)) == (vertices, outputs_of(tasks))
    for spec in valp.specs.values():
        if isinstance(spec, DecoderSpec):
            assert 2 <= spec.latent <= 3
        body = spec.body if isinstance(spec, DecoderSpec) else spec
        assert isinstance(body, DenseSpec)
        assert 2 <= len(body.layers) <= 3
        assert all(5 <= width <= 9 for width in [body.output, *(layer.width for layer in body.layers)])


def test_the_same_seed_draws_the_same() -> None:
    def draw(seed: int) -> Valp:
        return random_valp([X, Y], [CLASS, SAMPLE], Space(), np.random.default_rng(seed))

    assert draw(3) == draw(3)
    assert len({canonical_hash(draw(seed)) for seed in range(10)}) > 5


def test_training_is_handed_on(rng: np.random.Generator) -> None:
    how = OutputTraining(0.1, "sgd")
    valp = random_valp([X], [CLASS, SAMPLE], ONE, rng, training={"sample": how}, batch_size=7)
    assert valp.output_training == {"label": OutputTraining(), "sample": how}
    assert valp.batch_size == 7


@pytest.mark.parametrize("inputs", [[X], [X, Y], [X, Input("b", (2,), optional=True)]])
@pytest.mark.parametrize("specs", list(product(KINDS, repeat=2)))
def test_every_valid_wiring_can_be_drawn(inputs: list[Input], specs: tuple[DenseSpec | DecoderSpec, ...]) -> None:
    """Exhaustive: the drawing is run with every choice its generator can make, not with many seeds."""
    networks, outputs = [SubNetwork(f"n{i + 1}", spec) for i, spec in enumerate(specs)], [CLASS, SAMPLE]
    drawn = {
        tuple(sorted(arcs))
        for arcs in every_outcome(lambda rng: _Wiring(inputs, networks, outputs, rng).draw())
        if arcs is not None
    }
    wanted = {valp.arcs for valp in every_valp(inputs, specs, outputs)}
    assert drawn == wanted
    assert bool(wanted) == any(spec.decodes for spec in specs)


def test_every_valid_structure_is_drawn_before_long() -> None:
    wanted = {canonical_hash(v) for kinds in product(KINDS, repeat=2) for v in every_valp([X], kinds, [CLASS, SAMPLE])}
    rng, found, draws = np.random.default_rng(1), set[str](), 0
    while found != wanted and draws < 20_000:
        found.add(canonical_hash(random_valp([X], [CLASS, SAMPLE], ONE, rng, networks=(2, 2))))
        draws += 1
    assert len(wanted) > 50
    assert found == wanted, f"{len(wanted - found)} of {len(wanted)} missing after {draws}"


def test_the_space_limits_the_number_of_networks(rng: np.random.Generator) -> None:
    outputs = outputs_of(TASKS[:3])
    for most, counts in [(1, {1}), (4, {3, 4}), (16, {3, 4, 5, 6})]:
        space = Space(max_networks=most)
        assert {len(random_valp([X], outputs, space, rng).networks) for _ in range(60)} == counts


def test_the_space_limits_the_number_of_parameters(rng: np.random.Generator) -> None:
    space = Space(max_width=200, max_parameters=30_000)
    counts = [parameters(random_valp([X], [CLASS], space, rng)) for _ in range(40)]
    assert max(counts) <= 30_000
    assert max(parameters(random_valp([X], [CLASS], Space(max_width=200), rng)) for _ in range(40)) > 30_000


def parameters(valp: Valp) -> int:
    return sum(weight.numel() for weight in ValpModule(valp).parameters())


def test_ids_avoid_the_names_of_inputs_and_outputs(rng: np.random.Generator) -> None:
    outputs = [Output("n2", Classification(2)), Output("n4", Regression(1))]
    valp = random_valp([Input("n1", (3,))], outputs, ONE, rng, networks=(3, 3))
    assert set(valp.specs) == {"n3", "n5", "n6"}


def test_a_kind_is_fed_only_what_it_accepts(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DenseKind, "accepts", lambda _self, shape: len(shape) == 1)
    image = Input("image", (1, 8, 8))
    for _ in range(50):
        valp = random_valp([image, X], [CLASS, SAMPLE], ONE, rng)
        assert all(valp.specs[target].decodes for target in valp.targets("image") if target in valp.specs)


@pytest.mark.parametrize(
    ("space", "networks", "match"),
    [
        (Space(networks=("dense",)), None, "expected a decoder kind .* got kinds dense; add 'decoder'"),
        (Space(max_parameters=1), None, "max_parameters: expected room .* smallest found has [0-9,]+, got 1; raise it"),
        (Space(), (0, 2), "expected 1 <= fewest <= most sub-networks, got 0 and 2; widen"),
        (Space(), (3, 2), "expected 1 <= fewest <= most sub-networks, got 3 and 2; widen"),
    ],
)
def test_the_impossible_is_refused(
    space: Space,
    networks: tuple[int, int] | None,
    match: str,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("valpnas.networks.random_valp._ATTEMPTS", 50)
    with pytest.raises(ConfigError, match=match):
        random_valp([X], [CLASS, SAMPLE], space, rng, networks)


@pytest.mark.parametrize(("inputs", "outputs"), [([], [CLASS]), ([X], [])])
def test_a_problem_without_ends_is_refused(
    inputs: list[Input], outputs: list[Output], rng: np.random.Generator
) -> None:
    with pytest.raises(ConfigError, match=r"expected at least one input and one output, got . and .; mend"):
        random_valp(inputs, outputs, Space(), rng)


def test_no_receiver_of_an_image_means_no_valp(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DenseKind, "accepts", lambda _self, shape: len(shape) == 1)
    monkeypatch.setattr("valpnas.networks.random_valp._ATTEMPTS", 50)
    with pytest.raises(ConfigError, match="got none"):
        random_valp([Input("image", (1, 8, 8))], [CLASS], Space(networks=("dense",)), rng)
