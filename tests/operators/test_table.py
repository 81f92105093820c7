"""The table of operators: names, variants, laziness, and what listing places costs."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from valpnas import catalog
from valpnas.contracts.operator import Site
from valpnas.contracts.space import Space
from valpnas.errors import OperatorError, UnknownNameError
from valpnas.graph.valp import Input, Output, Valp
from valpnas.networks.random_valp import random_valp
from valpnas.operators import OPERATORS

from . import cases

KINDS = ("dense", "decoder", "cell")
SECONDS = 0.005  # listing places happens at every step of a search, for every operator


def test_variants_are_what_their_names_say() -> None:
    made = catalog.operators(cases.SPACE)
    assert list(made) == [entry.name for entry in OPERATORS]
    for name, operator in made.items():
        assert operator.name == name
        assert operator.space is cases.SPACE
        if "/" in name:
            assert operator.aggressiveness == name.split("/")[1]
        assert operator.gentle or operator.scope != "hyperparameter"


def test_no_reducer_is_gentle() -> None:
    # [VALP] V: a model that loses weights is assumed to lose some of its function.
    assert {o.name for o in catalog.operators(cases.SPACE).values() if o.effect == "reducer" and o.gentle} == set()


def test_listing_the_table_does_not_load_torch() -> None:
    code = "import sys, valpnas.operators; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_name_is_refused_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="add_layer/gentle"):
        cases.operator("add_layer/gently")


@pytest.mark.parametrize("name", [entry.name for entry in OPERATORS])
def test_only_sites_are_accepted(name: str) -> None:
    model = cases.trained(cases.graph({"a": cases.dense()}, {"number": cases.NUMBER}, "x>a a>number"))
    with pytest.raises(OperatorError, match="one of its sites"):
        cases.applied(name, model, Site(components=("nowhere",)))


def largest() -> Valp:
    """Return a VALP of sixteen sub-networks."""
    outputs = [Output("label", cases.CLASS), Output("number", cases.NUMBER), Output("picture", cases.PICTURE)]
    inputs = [Input("image", (1, 8, 8)), Input("table", (10,))]
    return random_valp(inputs, outputs, Space(networks=KINDS), np.random.default_rng(0), networks=(16, 16))


@pytest.mark.parametrize("name", [entry.name for entry in OPERATORS])
def test_places_are_listed_fast(name: str) -> None:
    operator, valp = cases.operator(name, Space(networks=KINDS, max_networks=20)), largest()
    taken = []
    for _ in range(10):  # the fastest of ten, each on a new graph that has worked nothing out yet
        fresh = Valp.make(valp.inputs, valp.networks, valp.outputs, valp.arcs, valp.output_training)
        start = time.process_time()
        assert operator.sites(fresh)
        taken.append(time.process_time() - start)
    assert min(taken) < SECONDS
