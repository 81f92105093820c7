"""take_back: what an earlier model had for one output, as it was, in copies that nobody shares, at the lowest rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from valpnas.contracts.model import Model
from valpnas.contracts.operator import Site, vary
from valpnas.contracts.space import Space
from valpnas.graph.subgraphs import last_decoders, stands_alone
from valpnas.graph.tasks import Generation
from valpnas.networks.module import load_module
from valpnas.testing.probes import Probe, answers
from valpnas.testing.strategies import couples

from .cases import CLASS, NUMBER, PICTURE, arcs, decoder, dense, graph, operator, trained

NAME = "take_back"
ROOM = Space(min_width=2, max_width=8, max_networks=20)


def taken_back(now: Model, earlier: Model, output: str, name: str = NAME) -> Model:
    return vary(operator(name, ROOM), (now, earlier), Site(outputs=(output,)), np.random.default_rng(0))


def test_what_stands_alone_is_donated_and_rests() -> None:
    valp = graph({"a": dense(), "b": dense(5)}, {"c": CLASS, "v": NUMBER}, "x>a a>c x>b b>v")
    now, earlier = trained(valp, 5), trained(valp, 2)
    child, donated = taken_back(now, earlier, "v"), taken_back(now, earlier, "v", "donate_exclusive_subgraph")
    assert child.weights.keys() == donated.weights.keys()
    assert all(torch.equal(child.weights[name], tensor) for name, tensor in donated.weights.items())
    how = donated.valp.output_training["v"]
    assert child.valp.output_training == {"c": how, "v": replace(how, learning_rate=1e-5)}
    assert not operator(NAME).drawn


def test_what_others_needed_too_comes_as_a_copy() -> None:
    valp = graph({"a": dense(), "b": dense(5)}, {"c": CLASS, "v": NUMBER}, "x>a a>c a>b b>v")
    now, earlier = trained(valp, 9), trained(valp, 2)
    child, probe = taken_back(now, earlier, "v"), Probe.draw(valp, np.random.default_rng(0))
    assert arcs(child.valp) == "a>c n1>n2 n2>v x>a x>n1"
    assert stands_alone(child.valp, "v")
    then, before, after = (answers(model, probe) for model in (earlier, now, child))
    assert torch.equal(after["prediction of v"], then["prediction of v"])
    assert torch.equal(after["prediction of c"], before["prediction of c"])


def test_no_copies_beyond_the_most_networks() -> None:
    valp = graph({"a": dense(), "b": dense(5)}, {"c": CLASS, "v": NUMBER}, "x>a a>c a>b b>v")
    tight = operator(NAME, replace(ROOM, max_networks=2))
    assert not tight.fits(valp, valp, Site(outputs=("v",)))
    assert operator(NAME, replace(ROOM, max_networks=3)).fits(valp, valp, Site(outputs=("v",)))


def test_a_prediction_that_stands_alone_is_again_what_it_was() -> None:
    valp = graph({"a": dense(), "d": dense(), "e": dense()}, {"c": CLASS, "v": NUMBER}, "x>a a>c x>d d>e e>v")
    now, earlier = trained(valp, 9), trained(valp, 2)
    probe = Probe.draw(valp, np.random.default_rng(0))
    then, after = (answers(model, probe)["prediction of v"] for model in (earlier, taken_back(now, earlier, "v")))
    assert torch.equal(after, then)
    assert not torch.equal(answers(now, probe)["prediction of v"], then)


@pytest.mark.parametrize("shared", [" d>e e>p", " d>e d>c e>p", " d>e e>c e>p"])
def test_samples_are_again_what_they_were(shared: str) -> None:
    """What feeds the decoder has moved on: samples do not go through it."""
    valp = graph({"a": dense(), "d": decoder(), "e": dense()}, {"c": CLASS, "p": PICTURE}, "x>a a>c a>d" + shared)
    now, earlier = trained(valp, 9), trained(valp, 2)
    latents = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    then, after = (samples(model, latents) for model in (earlier, taken_back(now, earlier, "p")))
    assert torch.equal(after, then)
    assert not torch.equal(samples(now, latents), then)


def samples(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """Return what a model whose samples come of one decoder makes of ``latents``."""
    (name,) = last_decoders(model.valp, "p")
    with torch.no_grad():
        return load_module(model).eval().sample("p", {name: latents})


@pytest.mark.slow
@settings(derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(couples())
def test_a_prediction_can_be_brought_back_into_a_relative(couple: tuple[Model, Model]) -> None:
    now, earlier = couple
    made, probe = operator(NAME, ROOM), Probe.draw(now.valp, np.random.default_rng(0))
    for output in (site.outputs[0] for site in made.sites(now.valp)):
        generated = isinstance(now.valp.tasks[output], Generation)  # a decoder of another name gets other noise
        if not generated and made.fits(now.valp, earlier.valp, Site(outputs=(output,))):
            then, after = (answers(model, probe) for model in (earlier, taken_back(now, earlier, output)))
            what = f"prediction of {output}"
            torch.testing.assert_close(after[what], then[what], rtol=0, atol=1e-6)
