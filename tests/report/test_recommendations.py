"""Recommendations: remedies that no rule of the paper names, with their place and figure."""

from __future__ import annotations

from tests.training.toy_data import toy_model, toy_prepared
from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import Site
from valpnas.graph.subgraphs import sample_decoders
from valpnas.operators.macro.clone_network import CloneNetwork
from valpnas.operators.micro.fit_prior import FitPrior
from valpnas.report.recommendations import recommend

VALP = toy_model(toy_prepared()).valp


def test_latents_off_what_is_drawn_from_ask_for_a_fitted_mixture() -> None:
    decoder = min(sample_decoders(VALP)["drawn"])
    off = Finding("OFF_PRIOR", decoder, "drawn", 0.4, {"divergence": 0.5})
    (made,), unplaced = recommend(VALP, [off], {"fit_prior": FitPrior()})
    assert (made.sites, unplaced) == ((Site((decoder,)),), ())
    assert f"fit_prior at {decoder}, for {decoder} is OFF_PRIOR for drawn (0.50 nats per number)" in made.sentence
    assert recommend(VALP, [off], {}) == ((), ())


def test_a_slope_is_told_as_the_fall_that_it_makes() -> None:
    steep = Finding("STEEP", output="kind", evidence={"slope per batch": -0.0162}, advice="treat")
    (made,), _ = recommend(VALP, [steep], {"clone_network/gentle": CloneNetwork()})
    assert "output kind is STEEP (loss -80.2% in 100 batches)" in made.sentence
