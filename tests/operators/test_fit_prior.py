"""fit_prior: predictions stay, samples are drawn from the mixture that was found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from valpnas.contracts.model import Model
from valpnas.contracts.operator import Hint
from valpnas.errors import OperatorError
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.module import load_module
from valpnas.testing.probes import Probe, answers, in_double
from valpnas.testing.strategies import models

from .cases import CLASS, PICTURE, applied, at, decoder, dense, graph, operator, places, trained

NAME = "fit_prior"
SHARED = graph({"a": dense(), "d": decoder(), "e": dense()}, {"c": CLASS, "p": PICTURE}, "x>a a>c a>d d>c d>e e>p")
ONE: Hint = {
    "weight": torch.tensor([1.0]),
    "mean": torch.tensor([0.5, -1.5]),
    "spread": torch.tensor([2.0, 0.5]),
}
TWO: Hint = {
    "weight": torch.tensor([0.25, 0.75]),
    "mean": torch.tensor([9.0, 9.0, -9.0, 0.0]),
    "spread": torch.tensor([0.1, 0.1, 0.1, 0.1]),
}


def sampled(model: Model, noise: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return load_module(model).eval().sample("p", {"d": noise})


def drawn(model: Model, noise: torch.Tensor) -> torch.Tensor:
    decoder_module = dict(load_module(model).networks.items())["d"]
    return decoder_module.draw(noise)  # type: ignore[no-any-return]


@pytest.mark.parametrize("hint", [ONE, TWO, None])
def test_predictions_are_kept_with_and_without_posterior_noise(hint: Hint | None) -> None:
    model = trained(SHARED, 5)
    probe = Probe.draw(SHARED, np.random.default_rng(1))
    before, after = answers(model, probe), answers(applied(NAME, model, at("d"), hint), probe)
    for what in (name for name in before if "prediction" in name):
        assert torch.equal(after[what], before[what])
    assert not torch.allclose(after["sample of p"], before["sample of p"], atol=1e-3)


def test_of_one_component_a_draw_is_shifted_and_scaled() -> None:
    model, noise = trained(SHARED, 5), torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    child = applied(NAME, model, at("d"), ONE)
    torch.testing.assert_close(sampled(child, noise), sampled(model, ONE["mean"] + ONE["spread"] * noise))


def test_of_two_components_each_has_its_share_of_the_draws() -> None:
    noise = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    latents = drawn(applied(NAME, trained(SHARED), at("d"), TWO), noise)
    first = (latents - 9).abs().amax(dim=1) < 1
    assert float(first.double().mean()) == pytest.approx(0.25, abs=0.02)
    assert bool(((latents[~first] - torch.tensor([-9.0, 0.0])).abs() < 1).all())


def test_weights_come_to_sum_to_one() -> None:
    child = applied(NAME, trained(SHARED), at("d"), {**TWO, "weight": torch.tensor([1.0, 3.0])})
    assert child.buffers["networks.d.prior.weight"].tolist() == [0.25, 0.75]


def test_without_a_hint_it_is_what_the_biases_say() -> None:
    model = trained(SHARED, 5)
    child = applied(NAME, model, at("d"), None)
    assert torch.equal(child.buffers["networks.d.prior.mean"][0], model.weights["networks.d.bias.mean"])
    torch.testing.assert_close(
        child.buffers["networks.d.prior.spread"][0], (model.weights["networks.d.bias.log_variance"] / 2).exp()
    )


def test_it_can_be_fitted_again_with_another_number_of_components() -> None:
    child = applied(NAME, applied(NAME, trained(SHARED), at("d"), TWO), at("d"), ONE)
    spec = child.valp.specs["d"]
    assert isinstance(spec, DecoderSpec)
    assert spec.components == 1
    assert child.buffers["networks.d.prior.mean"].shape == (1, 2)


def test_weights_keep_their_optimiser_state_and_nothing_is_trained_besides() -> None:
    model = trained(SHARED, 5)
    child = applied(NAME, model, at("d"), TWO)
    assert child.weights.keys() == model.weights.keys()
    assert child.optimiser.keys() == model.optimiser.keys()
    assert child.ages == model.ages


@pytest.mark.parametrize("change", ["add_layer/gentle", "extend_layer/gentle"])
def test_growth_keeps_what_samples_are_drawn_from(change: str) -> None:
    fitted = applied(NAME, trained(SHARED, 5), at("d"), TWO)
    site = next(site for site in operator(change).sites(fitted.valp) if site.components[0] == "d")
    child = applied(change, fitted, site)
    assert child.valp.specs["d"] != fitted.valp.specs["d"]
    assert child.buffers.keys() == fitted.buffers.keys()
    assert all(torch.equal(child.buffers[name], fitted.buffers[name]) for name in child.buffers)


def test_only_what_samples_are_drawn_from_is_a_place() -> None:
    networks = {"d": decoder(), "f": decoder(3), "g": decoder(), "b": dense()}
    valp = graph(networks, {"c": CLASS, "p": PICTURE}, "x>d d>f f>b b>p x>g g>c")
    assert places(NAME, valp) == ["f"]
    assert places(NAME, graph({"a": dense()}, {"c": CLASS}, "x>a a>c")) == []
    assert not operator(NAME).drawn


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        ({"mean": torch.zeros(2)}, r"expected a hint with weight \(k,\), mean and spread \(k \* 2,\), got mean \(2,\)"),
        ({**TWO, "mean": torch.zeros(2)}, r"got weight \(2,\), mean \(2,\), spread \(4,\)"),
        ({**ONE, "spread": torch.tensor([1.0, 0.0])}, "expected a spread above 0, got 0.0"),
        ({**ONE, "weight": torch.tensor([0.0])}, "expected a weight above 0, got 0.0"),
        ({**ONE, "mean": torch.tensor([0.0, torch.nan])}, r"expected a finite mean, got \[0.0, nan\]"),
    ],
)
def test_a_hint_that_does_not_fit_is_refused(hint: Hint, told: str) -> None:
    with pytest.raises(OperatorError, match=told):
        applied(NAME, trained(SHARED), at("d"), hint)


@pytest.mark.slow
@settings(derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(models())
def test_predictions_of_any_model_are_kept(model: Model) -> None:
    exact, probe = in_double(model), Probe.draw(model.valp, np.random.default_rng(0))
    before = answers(exact, probe)
    for site in operator(NAME).sites(model.valp):
        (size,) = exact.weights[f"networks.{site.components[0]}.bias.mean"].shape
        rows = {"mean": torch.linspace(-2, 1, 3 * size), "spread": torch.linspace(0.3, 2, 3 * size)}
        after = answers(applied(NAME, exact, site, {"weight": torch.full((3,), 1 / 3), **rows}), probe)
        for what in (name for name in before if "prediction" in name):
            assert torch.equal(after[what], before[what])
