"""swap_kind: another kind between the same neighbours, and decoders left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from valpnas.contracts.cell_bounds import CellBounds
from valpnas.contracts.operator import Site
from valpnas.networks.cell import CellKind

from . import cases

SPACE = replace(cases.SPACE, networks=("dense", "decoder", "cell"), cells=CellBounds(extent=(2, 2), max_filters=4))
ARCS = "x>a x>b a>b b>number x=>c c>number"


def test_every_network_but_decoders_has_a_place_for_every_other_kind() -> None:
    cell = CellKind().random(SPACE, np.random.default_rng(0))
    networks = {"a": cases.decoder(), "b": cell, "c": cases.dense()}
    valp = cases.graph(networks, {"number": cases.NUMBER}, ARCS)
    operator = cases.operator("swap_kind/aggressive", SPACE)
    assert operator.sites(valp) == [Site(components=("b",), place="dense"), Site(components=("c",), place="cell")]
    assert cases.operator("swap_kind/aggressive", cases.SPACE).sites(valp) == [Site(components=("b",), place="dense")]


def test_the_new_network_has_the_old_ones_neighbours() -> None:
    model = cases.trained(cases.graph({n: cases.dense() for n in "abc"}, {"number": cases.NUMBER}, ARCS))
    site = Site(components=("b",), place="cell")
    child = cases.applied("swap_kind/aggressive", model, site, space=SPACE)
    assert "b" not in child.valp.specs
    (new,) = set(child.valp.specs) - {"a", "c"}
    assert child.valp.specs[new].kind == "cell"
    assert set(child.valp.sources(new)) == {"x", "a"}
    assert list(child.valp.targets(new)) == ["number"]
    assert child.ages[new] == 0
    kept = [name for name in model.weights if name.startswith(("networks.a.", "networks.c."))]
    assert all(torch.equal(model.weights[name], child.weights[name]) for name in kept)
    assert child.optimiser["number"]["networks.a.main.0.bias"]
