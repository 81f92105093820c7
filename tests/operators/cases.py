"""Small models to try operators on, and short ways to load and apply one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from valpnas import catalog
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Hint, Operator, Site, vary
from valpnas.contracts.space import Space
from valpnas.graph.spec import Spec
from valpnas.graph.tasks import Classification, Generation, Regression, Task
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.operators import OPERATORS
from valpnas.testing.partly_trained import partly_trained
from valpnas.testing.probes import Probe, answers

SPACE = Space(min_width=2, max_width=8, min_latent=1, max_latent=3, max_networks=6)
CLASS, NUMBER, PICTURE = Classification(3), Regression(2), Generation((1, 2, 2))


def operator(name: str, space: Space = SPACE) -> Operator:
    """Return the table's operator called ``name``."""
    made: Operator = catalog.load(catalog.find("operator", OPERATORS, name), space=space)
    return made


def dense(output: int = 3, width: int = 4, activation: str = "tanh") -> DenseSpec:
    """Return a network of one hidden layer."""
    return DenseSpec(output, (Layer(width, activation),))


def decoder(latent: int = 2) -> DecoderSpec:
    """Return a small decoder."""
    return DecoderSpec(latent, dense())


def graph(networks: Mapping[str, Spec], outputs: Mapping[str, Task], arcs: str, inputs: Sequence[Input] = ()) -> Valp:
    """Return a VALP; ``arcs`` are words like ``x>a``, or ``a=>b`` for one that carries the identity."""
    pairs = [(word.replace("=", "").split(">"), "=" in word) for word in arcs.split()]
    return Valp.make(
        inputs or [Input("x", (3,))],
        [SubNetwork(name, spec) for name, spec in networks.items()],
        [Output(name, task) for name, task in outputs.items()],
        [Arc(source, target, identity) for (source, target), identity in pairs],
    )


def trained(valp: Valp, batches: int = 2, seed: int = 0) -> Model:
    """Return a partly trained model of ``valp``."""
    rng = np.random.default_rng(seed)
    return partly_trained(fresh_model(valp, rng), rng, batches)


def applied(
    name: str, model: Model, site: Site, hint: Hint | None = None, space: Space = SPACE, seed: int = 0
) -> Model:
    """Return what the operator makes of ``model``."""
    return vary(operator(name, space), (model,), site, np.random.default_rng(seed), hint)


def arcs(valp: Valp) -> str:
    """Return the arcs in the words of ``graph``."""
    return " ".join(f"{arc.source}{'=' if arc.identity else ''}>{arc.target}" for arc in valp.arcs)


def places(name: str, valp: Valp, space: Space = SPACE) -> list[str]:
    """Return the operator's sites as words: ``x>a`` for an arc, else components, outputs and place."""
    found = operator(name, space).sites(valp)
    return [
        " ".join([*(f"{s}>{t}" for s, t in site.arcs), *site.components, *site.outputs, *filter(None, [site.place])])
        for site in found
    ]


def arc(source: str, target: str) -> Site:
    """Return the site of an arc."""
    return Site(arcs=((source, target),))


def at(component: str, place: str = "") -> Site:
    """Return the site of a component."""
    return Site(components=(component,), place=place)


def same_function(one: Model, other: Model) -> bool:
    """Say whether two models give the same answers."""
    probe = Probe.draw(one.valp, np.random.default_rng(1))
    before, after = answers(one, probe), answers(other, probe)
    return all(torch.allclose(value, after[what], rtol=1e-5, atol=1e-5) for what, value in before.items())
