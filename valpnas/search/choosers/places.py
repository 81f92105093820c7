"""Places: all that a chooser may propose in a situation, with the traits that predictors price it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from valpnas.contracts.chooser import Situation
from valpnas.contracts.operator import Site
from valpnas.predictors.gain_table import change_of
from valpnas.predictors.place_traits import Places, relevances
from valpnas.search.choosers.protection import protecting

MOST = 200
"""Places of a change that are priced in one step; of more, so many are drawn."""

DIGITS = 9
"""Of expected gains, by which places are compared: of places that are alike the first is taken, on any processor."""

_LOOKS = ("module_intervention",)  # what says how relevant a network is


@dataclass(frozen=True)
class Place:
    """A site of a variant, with its traits."""

    variant: str
    site: Site
    traits: Mapping[str, float]


def priced_places(
    situation: Situation, growths: Mapping[str, float], rng: np.random.Generator
) -> dict[str, list[Place]]:
    """Return by change the untried places of everything whose growth is known; a change without any is left out.

    Places that findings protect are left out too. ``growths`` are the factors by which changes multiply the
    parameters. Nothing that grows a model at least as much as a change refused in this very choice is asked for: where
    a model is at its limit, one refusal is enough. Hyperparameters are left alone.
    """
    bench, valp = situation.bench, situation.valp
    findings, traits = situation.findings(_LOOKS), bench.traits(situation.candidate)
    places = Places(valp, traits["networks"], traits["outputs"], relevances(findings))
    found: dict[str, list[Place]] = {}
    for (change, variant), sites in _open(situation, growths).items():
        operator = situation.operators[variant]
        free = [site for site in sites if not protecting(valp, operator, site, findings)]
        if len(free) > MOST:
            free = [free[i] for i in sorted(rng.choice(len(free), MOST, replace=False))]
        if free:
            found[change] = [Place(variant, site, places.traits(site)) for site in free]
    return found


def _open(situation: Situation, growths: Mapping[str, float]) -> dict[tuple[str, str], list[Site]]:
    """Return by change and variant the untried sites of what is known to grow less than everything that was refused."""
    refused = (change_of(variant, site.setting) for variant, site in situation.refused)
    limit = min((growths[change] for change in refused if change in growths), default=np.inf)
    found: dict[tuple[str, str], list[Site]] = {}
    for variant, operator in sorted(situation.operators.items()):
        if operator.scope == "hyperparameter":
            continue  # less noise gains at once and costs later; a table, whose horizon is short, has the gain alone
        for site in situation.untried(variant):
            change = change_of(variant, site.setting)
            if growths.get(change, np.inf) < limit:
                found.setdefault((change, variant), []).append(site)
    return found
