"""standardise_latent: predictions stay, latents come to lie where samples are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from valpnas.contracts.model import Model
from valpnas.contracts.operator import Hint
from valpnas.errors import OperatorError
from valpnas.networks.module import load_module
from valpnas.testing.probes import Probe, answers, in_double
from valpnas.testing.strategies import models

from .cases import CLASS, PICTURE, applied, at, decoder, dense, graph, operator, places, trained

NAME = "standardise_latent"
SHARED = graph({"a": dense(), "d": decoder(), "e": dense()}, {"c": CLASS, "p": PICTURE}, "x>a a>c a>d d>c d>e e>p")
MEAN, SPREAD = torch.tensor([0.5, -1.5]), torch.tensor([2.0, 0.5])
HINT: Hint = {"mean": MEAN, "spread": SPREAD}


def sampled(model: Model, latents: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return load_module(model).eval().sample("p", {"d": latents})


@pytest.mark.parametrize("hint", [HINT, None])
def test_predictions_are_kept_with_and_without_posterior_noise(hint: Hint | None) -> None:
    model = trained(SHARED, 5)
    probe = Probe.draw(SHARED, np.random.default_rng(1))
    before, after = answers(model, probe), answers(applied(NAME, model, at("d"), hint), probe)
    for what in (name for name in before if "prediction" in name):
        torch.testing.assert_close(after[what], before[what], rtol=1e-5, atol=1e-6)
    assert not torch.allclose(after["sample of p"], before["sample of p"], atol=1e-3)


def test_a_standard_normal_draw_is_now_what_a_fitted_one_was() -> None:
    model, latents = trained(SHARED, 5), torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    child = applied(NAME, model, at("d"), HINT)
    torch.testing.assert_close(sampled(child, latents), sampled(model, MEAN + SPREAD * latents))


def test_latents_of_the_rows_measured_are_standard_normal_afterwards() -> None:
    model, rows = trained(SHARED, 5), {"x": torch.randn(50, 3, generator=torch.Generator().manual_seed(0))}
    with torch.no_grad():
        means, log_variances = load_module(model).eval()(rows).latents["d"]
        spread = (means.var(dim=0, correction=0) + log_variances.exp().mean(dim=0)).sqrt()
        child = applied(NAME, model, at("d"), {"mean": means.mean(dim=0), "spread": spread})
        means, log_variances = load_module(child).eval()(rows).latents["d"]
    torch.testing.assert_close(means.mean(dim=0), torch.zeros(2), rtol=0, atol=1e-5)
    total = means.var(dim=0, correction=0) + log_variances.exp().mean(dim=0)
    torch.testing.assert_close(total, torch.ones(2), rtol=1e-5, atol=1e-5)


def test_only_what_samples_are_drawn_from_is_a_place() -> None:
    networks = {"d": decoder(), "f": decoder(3), "g": decoder(), "b": dense()}
    valp = graph(networks, {"c": CLASS, "p": PICTURE}, "x>d d>f f>b b>p x>g g>c")
    assert places(NAME, valp) == ["f"]
    assert places(NAME, graph({"a": dense()}, {"c": CLASS}, "x>a a>c")) == []
    assert not operator(NAME).drawn


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        ({"mean": MEAN}, r"expected a hint with mean and spread of shape \(2,\), got mean \(2,\)"),
        ({"mean": MEAN, "spread": torch.ones(3)}, r"got mean \(2,\), spread \(3,\)"),
        ({"mean": MEAN, "spread": torch.tensor([1.0, 0.0])}, "expected a spread above 0, got 0.0"),
    ],
)
def test_a_hint_that_does_not_fit_is_refused(hint: Hint, told: str) -> None:
    with pytest.raises(OperatorError, match=told):
        applied(NAME, trained(SHARED), at("d"), hint)


@pytest.mark.slow
@settings(derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(models())
def test_predictions_of_any_model_are_kept(model: Model) -> None:
    """Bodies with branches that begin at the latent among them, in double precision."""
    exact, probe = in_double(model), Probe.draw(model.valp, np.random.default_rng(0))
    before = answers(exact, probe)
    for site in operator(NAME).sites(model.valp):
        size = exact.weights[f"networks.{site.components[0]}.bias.mean"].shape
        hint = {"mean": torch.linspace(-2, 1, *size), "spread": torch.linspace(0.3, 2, *size)}
        after = answers(applied(NAME, exact, site, hint), probe)
        for what in (name for name in before if "prediction" in name):
            torch.testing.assert_close(after[what], before[what], rtol=1e-6, atol=1e-6)
