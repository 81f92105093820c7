"""Recommendations: remedies that no rule of the paper names, with their place and figure."""

from __future__ import annotations

from tests.training.toy_data import toy_model, toy_prepared
from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import Site
from valpnas.graph.subgraphs import sample_decoders
from valpnas.operators.macro.clone_network import CloneNetwork
from valpnas.operators.macro.delete_connection import DeleteConnection
from valpnas.operators.macro.delete_network import DeleteNetwork
from valpnas.operators.micro.fit_prior import FitPrior
from valpnas.report.recommendations import recommend

VALP = toy_model(toy_prepared()).valp
BOLD = CloneNetwork("clone_network/aggressive", aggressiveness="aggressive")


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


def test_what_is_to_be_deleted_is_not_to_be_cloned() -> None:
    operators = {"delete_network": DeleteNetwork(), "clone_network/gentle": CloneNetwork()}
    idle, kept = [site.components[0] for site in DeleteNetwork().sites(VALP)][:2]
    findings = [Finding("IRRELEVANT", idle, strength=0.1), Finding("STEEP", output="number", strength=0.9)]
    (delete, clone), _ = recommend(VALP, findings, operators)
    assert (delete.variant, delete.sites, delete.against) == ("delete_network", (Site((idle,)),), ())
    assert clone.against == ()
    assert idle not in {component for site in clone.sites for component in site.components}
    assert kept in {component for site in clone.sites for component in site.components}


def test_a_change_of_nothing_but_what_is_to_be_deleted_goes_last_and_says_so() -> None:
    operators = {"delete_network": DeleteNetwork(), "clone_network/aggressive": BOLD}
    idle = DeleteNetwork().sites(VALP)[0].components[0]
    findings = [Finding("PARTLY_RELEVANT", idle, strength=0.9), Finding("IRRELEVANT", idle, strength=0.1)]
    (delete, clone), _ = recommend(VALP, findings, operators)
    assert (delete.variant, clone.variant) == ("delete_network", "clone_network/aggressive")
    assert clone.against == (f"{idle} is asked to be deleted",)


def test_places_that_nothing_speaks_against_are_the_ones_named() -> None:
    idle, needed = [site.components[0] for site in DeleteNetwork().sites(VALP)][:2]
    findings = [
        Finding("PARTLY_RELEVANT", idle, strength=0.2),
        Finding("PARTLY_RELEVANT", needed, strength=0.9),
        Finding("RELEVANT", needed, "kind", advice="protect"),
    ]
    made, _ = recommend(VALP, findings, {"clone_network/aggressive": BOLD})
    assert [each.sites for each in made] == [(Site((idle,)),), (Site((needed,)),)]
    assert [each.against for each in made] == [(), (f"{needed} is needed for kind",)]


def test_where_everything_is_protected_all_of_it_is_asked_for_and_says_so() -> None:
    parts = [site.components[0] for site in DeleteNetwork().sites(VALP)]
    protected = [Finding("RELEVANT", part, "kind", advice="protect") for part in parts]
    asking = [Finding("PARTLY_RELEVANT", part, strength=0.5) for part in parts]
    made, _ = recommend(VALP, [*asking, *protected], {"clone_network/aggressive": BOLD})
    assert {each.sites[0].components[0] for each in made} == set(parts)
    assert all(each.against == (f"{each.sites[0].components[0]} is needed for kind",) for each in made)


def test_a_connection_of_what_is_to_be_deleted_goes_with_it() -> None:
    arcs = [site for site in DeleteConnection().sites(VALP) if site.arcs[0][1] in VALP.tasks]
    (idle, output), *_ = (site.arcs[0] for site in arcs)
    findings = [Finding("IRRELEVANT", idle, strength=0.1), Finding("IRRELEVANT_TO_OUTPUT", idle, output, strength=0.9)]
    operators = {"delete_network": DeleteNetwork(), "delete_connection": DeleteConnection()}
    (network, connection), _ = recommend(VALP, findings, operators)
    assert (network.variant, network.against) == ("delete_network", ())
    assert (connection.variant, connection.against) == ("delete_connection", (f"{idle} is asked to be deleted",))
