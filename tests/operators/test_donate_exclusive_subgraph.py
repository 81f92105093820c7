"""donate_exclusive_subgraph: what comes computes what it did, what stays computes what it did, and all of it is fed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from valpnas.contracts.model import Model
from valpnas.contracts.operator import Site, vary
from valpnas.contracts.space import Space
from valpnas.errors import OperatorError
from valpnas.graph.subgraphs import exclusive_subgraph, output_subgraph
from valpnas.graph.valp import Input, OutputTraining, Valp
from valpnas.testing.probes import Probe, answers
from valpnas.testing.strategies import couples

from .cases import CLASS, NUMBER, PICTURE, decoder, dense, graph, operator, trained

NAME = "donate_exclusive_subgraph"
ROOM = Space(min_width=2, max_width=8, max_networks=20)
REPEATABLE = settings(
    derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)


def donated(host: Model, donor: Model, output: str, space: Space = ROOM) -> Model:
    return vary(operator(NAME, space), (host, donor), Site(outputs=(output,)), np.random.default_rng(0))


def sites(host: Valp, donor: Valp, space: Space = ROOM) -> list[str]:
    made = operator(NAME, space)
    return [site.outputs[0] for site in made.sites(host) if made.fits(host, donor, site)]


def kept_of(host: Valp, output: str) -> set[str]:
    """Return the sub-networks and outputs of the host that a donation for ``output`` leaves alone."""
    return {*host.specs, *host.tasks} - exclusive_subgraph(host, output) - {output}


def tensors_of(model: Model, components: set[str]) -> dict[str, torch.Tensor]:
    """Return the weights of ``components`` by name."""
    of = tuple(f"{part}.{each}." for each in components for part in ("networks", "outputs"))
    return {name: tensor for name, tensor in model.weights.items() if name.startswith(of)}


HOST = graph({"a": dense(), "b": dense(5)}, {"c": CLASS, "v": NUMBER}, "x>a a>c x>b b>v")
DONOR = graph({"n1": dense(), "n2": dense(4), "n3": dense()}, {"c": CLASS, "v": NUMBER}, "x>n1 n1>c x>n2 n2>n3 n3>v")


@pytest.mark.slow
@REPEATABLE
@given(couples())
def test_outside_the_donation_every_weight_is_bit_for_bit_the_host_s(couple: tuple[Model, Model]) -> None:
    host, donor = couple
    for output in sites(host.valp, donor.valp):
        child = donated(host, donor, output)
        kept = tensors_of(host, kept_of(host.valp, output))
        assert kept
        for name, tensor in kept.items():
            assert torch.equal(child.weights[name], tensor), name
        added = tensors_of(child, kept_of(host.valp, output)).keys() - kept.keys()
        assert not any(child.weights[name].any() for name in added), "what is led in comes through zeros"


@pytest.mark.slow
@REPEATABLE
@given(couples())
def test_outputs_that_are_not_donated_are_exactly_as_before(couple: tuple[Model, Model]) -> None:
    """Bit for bit, but for rounding where something is led into a component that serves them, through zeros."""
    host, donor = couple
    probe = Probe.draw(host.valp, np.random.default_rng(0))
    before = answers(host, probe)
    for output in sites(host.valp, donor.valp):
        child = donated(host, donor, output)
        after = answers(child, probe)
        touched = {each for each in kept_of(host.valp, output) if child.valp.sources(each) != host.valp.sources(each)}
        for what, value in before.items():
            other = what.rpartition(" of ")[2]
            if other != output and touched & {other, *output_subgraph(host.valp, other)}:
                torch.testing.assert_close(after[what], value, rtol=0, atol=1e-6)
            elif other != output:
                assert torch.equal(after[what], value), what


@pytest.mark.slow
@REPEATABLE
@given(couples())
def test_a_donation_fed_by_inputs_alone_computes_what_it_did_in_the_donor(couple: tuple[Model, Model]) -> None:
    host, donor = couple
    probe = Probe.draw(host.valp, np.random.default_rng(0))
    for output in sites(host.valp, donor.valp):
        networks = output_subgraph(donor.valp, output) & set(donor.valp.specs)
        if networks == exclusive_subgraph(donor.valp, output):
            after, given_ = answers(donated(host, donor, output), probe), answers(donor, probe)
            what = f"prediction of {output}"
            torch.testing.assert_close(after[what], given_[what], rtol=0, atol=1e-6)


@pytest.mark.slow
@REPEATABLE
@given(couples())
def test_a_model_that_hosts_what_it_has_is_what_it_was(couple: tuple[Model, Model]) -> None:
    """Relatives match by id, so what both share feeds the donation as before."""
    host, _ = couple
    probe = Probe.draw(host.valp, np.random.default_rng(0))
    for output in sites(host.valp, host.valp):
        child = donated(host, host, output)
        what = f"prediction of {output}"
        torch.testing.assert_close(answers(child, probe)[what], answers(host, probe)[what], rtol=0, atol=1e-6)
        assert child.parameters == host.parameters


def test_the_part_is_replaced_with_weights_moments_ages_and_training() -> None:
    host, donor = trained(HOST), trained(DONOR.with_training("v", OutputTraining(0.1, "sgd")), 3, seed=1)
    child = donated(host, donor, "v")
    assert set(child.valp.specs) == {"a", "n1", "n2"}, "b went, two came under ids that were free"
    assert child.valp.sources("v") == ("n2",)
    assert child.valp.output_training == {"c": OutputTraining(), "v": OutputTraining(0.1, "sgd")}
    assert torch.equal(child.weights["networks.n1.main.1.weight"], donor.weights["networks.n2.main.1.weight"])
    assert torch.equal(child.weights["outputs.v.bias"], donor.weights["outputs.v.bias"])
    assert child.ages == {"a": 2, "n1": 3, "n2": 3}
    assert torch.equal(child.histories["v"], host.histories["v"]), "the line of descent is the host's"
    assert (child.batches, child.changed_at, child.disturbed_at) == (2, 2, 2)


def test_optimiser_state_comes_along() -> None:
    host, donor = trained(HOST), trained(DONOR, 3, seed=1)
    child = donated(host, donor, "v")
    (state,) = child.optimiser.values()
    (given_,) = donor.optimiser.values()
    assert torch.equal(state["networks.n2.main.0.bias"]["exp_avg"], given_["networks.n3.main.0.bias"]["exp_avg"])
    assert set(state) == set(child.weights)


SHARED = "x>s s>c s>d d>v"  # d alone serves v, and s feeds it


def test_what_stays_behind_is_matched_by_shape() -> None:
    """Of equal shape, and of the same outputs if there is a choice."""
    donor = trained(graph({"s": dense(4), "d": dense()}, {"c": CLASS, "v": NUMBER}, SHARED), seed=1)
    host = trained(graph({"a": dense(4), "e": dense(7)}, {"c": CLASS, "v": NUMBER}, "x>a a>c x>e e>v e>c"))
    child = donated(host, donor, "v")
    assert child.valp.sources("n1") == ("a",)
    block = child.weights["networks.n1.sources.a.main"]
    assert torch.equal(block, donor.weights["networks.d.sources.s.main"])


def test_what_has_no_match_is_adapted() -> None:
    donor = trained(graph({"s": dense(4), "d": dense()}, {"c": CLASS, "v": NUMBER}, SHARED), seed=1)
    host = trained(graph({"a": dense(6), "e": dense(7)}, {"c": CLASS, "v": NUMBER}, "x>a a>c x>e e>v"))
    child = donated(host, donor, "v")
    assert child.valp.sources("n1") == ("a",)
    assert child.weights["networks.n1.sources.a.main"].any(), "it hears nothing else, so it must hear this"
    beside = graph({"s": dense(4), "d": dense()}, {"c": CLASS, "v": NUMBER}, SHARED + " x>d")
    child = donated(host, trained(beside, seed=1), "v")
    assert child.valp.sources("n1") == ("a", "x")
    assert not child.weights["networks.n1.sources.a.main"].any(), "what is there must not be disturbed"


def test_an_input_that_only_the_removed_part_heard_is_led_in() -> None:
    inputs = [Input("x", (3,)), Input("y", (2,))]
    tasks = {"c": CLASS, "v": NUMBER}
    host = trained(graph({"a": dense(), "b": dense()}, tasks, "x>a a>c y>b b>v", inputs))
    donor = trained(graph({"a": dense(), "b": dense()}, tasks, "x>a y>a a>c x>b b>v", inputs), seed=1)
    child = donated(host, donor, "v")
    assert child.valp.sources("n1") == ("x", "y")
    assert not child.weights["networks.n1.sources.y.main"].any()


def test_a_generator_takes_its_decoder_along() -> None:
    tasks = {"c": CLASS, "p": PICTURE}
    host = trained(graph({"a": dense(), "d": decoder()}, tasks, "x>a a>c x>d d>p"))
    donor = trained(graph({"a": dense(), "d": decoder(3), "e": dense()}, tasks, "x>a a>c x>d d>e e>p"), seed=1)
    child = donated(host, donor, "p")
    assert sorted(spec.decodes for spec in child.valp.specs.values()) == [False, False, True]


def test_who_has_nothing_of_its_own_or_nothing_to_be_fed_by_is_no_donor() -> None:
    tasks = {"c": CLASS, "p": PICTURE}
    shared = graph({"d": decoder(), "e": dense()}, tasks, "x>d d>c d>e e>p")
    host = graph({"a": dense(), "d": decoder()}, tasks, "x>a a>c x>d d>p")
    assert sites(host, graph({"d": decoder()}, tasks, "x>d d>c d>p")) == []
    assert sites(host, shared) == [], "e may hear what is behind a decoder only, and the host's decoder is exclusive"
    assert sites(shared, host) == ["c", "p"]
    with pytest.raises(OperatorError, match="a donor that fits"):
        donated(trained(host), trained(shared), "p")
    with pytest.raises(OperatorError, match="a host and a donor, got 1"):
        vary(operator(NAME), (trained(host),), Site(outputs=("p",)), np.random.default_rng(0))


def test_there_must_be_room_and_more_than_one_output() -> None:
    assert sites(HOST, DONOR, Space(max_networks=3)) == ["c", "v"]
    assert sites(HOST, DONOR, Space(max_networks=2)) == ["c"]
    assert operator(NAME).sites(graph({"a": dense()}, {"c": CLASS}, "x>a a>c")) == []
