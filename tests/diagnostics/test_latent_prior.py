"""latent_prior: planted shifts, spreads and clusters are told in nats, and what it measured mends them."""

from __future__ import annotations

from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest
import torch

from tests.training.toy_data import losses_of, on_cpu, toy_problem
from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Site, vary
from valpnas.diagnostics.latent_prior import LatentPrior
from valpnas.graph.tasks import Classification, Generation
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.operators.micro.fit_prior import FitPrior
from valpnas.seeding import stream
from valpnas.testing.diagnostics import check_diagnostic
from valpnas.training.view import HeldOutView

INPUTS = [Input("x", (6,))]
OUTPUTS = [Output("class", Classification(3)), Output("picture", Generation((1, 2, 2)))]
PREPARED = on_cpu(toy_problem(rows=1500, inputs=INPUTS, outputs=OUTPUTS))
DECODERS = [SubNetwork(name, DecoderSpec(3, DenseSpec(4, (Layer(5, "tanh"),)))) for name in ("d", "e")]
VALP = Valp.make(INPUTS, DECODERS, OUTPUTS, [Arc("x", "d"), Arc("d", "picture"), Arc("x", "e"), Arc("e", "class")])


def constant(mean: float, spread: float) -> Model:
    """A model whose latent of samples is the same for all rows: it hears nothing."""
    model = fresh_model(VALP, stream(0))
    heads = {name: torch.zeros_like(t) for name, t in model.weights.items() if name.startswith("networks.d.sources.")}
    heads["networks.d.bias.mean"] = torch.full((3,), mean)
    heads["networks.d.bias.log_variance"] = torch.full((3,), 2 * log(spread))
    return replace(model, weights={**model.weights, **heads})


class Latents(HeldOutView):
    """A view of decoders with these posteriors."""

    posterior: tuple[torch.Tensor, torch.Tensor]

    def latent(self, decoder: str) -> tuple[torch.Tensor, torch.Tensor]:  # noqa: ARG002 - there is one
        return self.posterior


def judged(means: torch.Tensor, log_variances: torch.Tensor) -> Finding:
    view = Latents(constant(0.0, 1.0), PREPARED, losses_of(PREPARED))
    view.posterior = means, log_variances
    (finding,) = LatentPrior().examine(view, stream(0))
    return finding


def seen(model: Model) -> list[Finding]:
    return list(LatentPrior().examine(HeldOutView(model, PREPARED, losses_of(PREPARED)), stream(0)))


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (1.0, 1.0), (0.0, 2.0), (-0.5, 0.25)])
def test_the_divergence_is_that_of_two_normal_distributions(mean: float, spread: float) -> None:
    (finding,) = seen(constant(mean, spread))  # the other decoder makes no samples
    divergence = (mean**2 + spread**2 - 1 - 2 * log(spread)) / 2
    assert finding.evidence["divergence"] == pytest.approx(divergence, abs=0.15)  # of so few rows
    assert (finding.component, finding.output) == ("d", "picture")
    assert finding.kind == ("ON_PRIOR" if divergence < 0.02 else "OFF_PRIOR")
    if finding.kind == "OFF_PRIOR":
        assert finding.strength == pytest.approx(1 - np.exp(-finding.evidence["divergence"]))
        components = len(finding.hint["weight"])
        assert sum(finding.hint["weight"]) == pytest.approx(1)
        assert len(finding.hint["mean"]) == len(finding.hint["spread"]) == 3 * components
        by_weight = np.reshape(finding.hint["mean"], (components, 3)).T @ finding.hint["weight"]
        assert by_weight == pytest.approx((mean,) * 3, abs=5 * spread / sqrt(150))
    else:
        assert not finding.hint


def test_what_it_measured_mends_it() -> None:
    model = constant(1.0, 0.5)
    (before,) = seen(model)
    assert before.kind == "OFF_PRIOR"
    hint = {name: torch.tensor(row) for name, row in before.hint.items()}
    (after,) = seen(vary(FitPrior(), (model,), Site(("d",)), stream(0), hint))
    assert after.kind == "ON_PRIOR"
    assert after.evidence["divergence"] < before.evidence["divergence"] / 4


def test_clusters_are_off_though_each_number_is_standard() -> None:
    rng = np.random.default_rng(0)
    centres = rng.choice([-0.98, 0.98], (2000, 3))
    found = judged(torch.as_tensor(centres), torch.full((2000, 3), log(1 - 0.98**2)))
    assert found.kind == "OFF_PRIOR"
    assert found.evidence["components"] == 10  # there are eight corners
    assert found.evidence["divergence"] > 0.5


def test_few_rows_of_standard_normal_latents_are_not_off_by_chance() -> None:
    for seed in range(20):
        means = torch.as_tensor(np.random.default_rng(seed).standard_normal((25, 3)))
        assert judged(means, torch.full((25, 3), -20.0)).kind == "ON_PRIOR"


def test_too_few_rows_for_any_fit_say_nothing() -> None:
    finding = judged(torch.ones(6, 3), torch.zeros(6, 3))
    assert (finding.kind, finding.evidence) == ("ON_PRIOR", {"divergence": 0.0})


def test_a_latent_without_any_spread_is_off_by_a_finite_number() -> None:
    finding = judged(torch.ones(40, 3), torch.full((40, 3), -torch.inf))
    assert np.isfinite(finding.evidence["divergence"])
    assert finding.kind == "OFF_PRIOR"


def test_latents_far_from_zero_are_fitted_as_well() -> None:
    rng = np.random.default_rng(0)
    found = judged(torch.as_tensor(1e5 + 0.01 * rng.standard_normal((200, 3))), torch.full((200, 3), -30.0))
    assert found.kind == "OFF_PRIOR"
    components = len(found.hint["weight"])
    assert np.reshape(found.hint["mean"], (components, 3)) == pytest.approx(1e5, abs=0.05)
    assert max(found.hint["spread"]) < 0.02


def test_a_decoder_of_several_outputs_is_judged_once() -> None:
    outputs = [*OUTPUTS, Output("other", Generation((1, 2, 2)))]
    prepared = on_cpu(toy_problem(rows=600, inputs=INPUTS, outputs=outputs))
    arcs = [Arc("x", "d"), Arc("d", "picture"), Arc("d", "other"), Arc("x", "e"), Arc("e", "class")]
    model = fresh_model(Valp.make(INPUTS, DECODERS, outputs, arcs), stream(0))
    one, other = LatentPrior().examine(HeldOutView(model, prepared, losses_of(prepared)), stream(0))
    assert {one.output, other.output} == {"picture", "other"}
    assert replace(one, output="other") == replace(other, output="other")


def test_models_without_samples_have_nothing_to_see() -> None:
    prepared = on_cpu(toy_problem(rows=200, inputs=INPUTS, outputs=OUTPUTS[:1]))
    valp = Valp.make(INPUTS, DECODERS[1:], OUTPUTS[:1], [Arc("x", "e"), Arc("e", "class")])
    view = HeldOutView(fresh_model(valp, stream(0)), prepared, losses_of(prepared))
    assert not LatentPrior().examine(view, stream(0))


def test_it_keeps_the_contract() -> None:
    found = check_diagnostic(LatentPrior(), HeldOutView(constant(1.0, 1.0), PREPARED, losses_of(PREPARED)), stream(0))
    assert [finding.kind for finding in found] == ["OFF_PRIOR"]


def test_a_finding_with_a_hint_comes_back_from_json_as_it_was() -> None:
    (finding,) = seen(constant(1.0, 2.0))
    assert Finding.from_json(finding.to_json()) == finding
    assert "hint" not in replace(finding, hint={}).to_json()
