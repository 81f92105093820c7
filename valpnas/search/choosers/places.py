"""Places: all that a chooser may propose in a situation, with the traits that predictors price it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from valpnas.contracts.chooser import Situation
from valpnas.contracts.operator import Site
from valpnas.predictors.place_traits import Places, relevances
from valpnas.search.choosers.protection import protecting

MOST = 200
"""Places of a variant that are priced in one step; of more, so many are drawn."""

DIGITS = 9
"""Of expected gains, by which places are compared: of places that are alike the first is taken, on any processor."""

_LOOKS = ("module_intervention",)  # what says how relevant a network is


@dataclass(frozen=True)
class Place:
    """A site of a variant, with its traits."""

    site: Site
    traits: Mapping[str, float]


def priced_places(
    situation: Situation, growths: Mapping[str, float], rng: np.random.Generator
) -> dict[str, list[Place]]:
    """Return by variant the untried places of everything whose growth is known; a variant without any is left out.

    Places that findings protect are left out too. ``growths`` are the factors by which variants multiply the
    parameters. Nothing that grows a model at least as much as a change refused in this very choice is asked for: where
    a model is at its limit, one refusal is enough.
    """
    bench, valp = situation.bench, situation.valp
    findings, traits = situation.findings(_LOOKS), bench.traits(situation.candidate)
    places = Places(valp, traits["networks"], traits["outputs"], relevances(findings))
    limit = min((growths[variant] for variant, _ in situation.refused if variant in growths), default=np.inf)
    found: dict[str, list[Place]] = {}
    for variant in sorted(growths.keys() & situation.operators.keys()):
        operator = situation.operators[variant]
        sites = situation.untried(variant) if growths[variant] < limit else []
        sites = [site for site in sites if not protecting(valp, operator, site, findings)]
        if len(sites) > MOST:
            sites = [sites[i] for i in sorted(rng.choice(len(sites), MOST, replace=False))]
        if sites:
            found[variant] = [Place(site, places.traits(site)) for site in sites]
    return found
