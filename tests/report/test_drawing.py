"""The drawn model: influence of arcs, parameters, exclusive subgraphs, and what each box says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.graph.toys import FIGURE_2
from tests.training.toy_data import INPUTS, OUTPUTS, SMALL
from valpnas.contracts.model import Model
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.report.drawing import describe, draw
from valpnas.report.influence import influences, parameters_of


@pytest.fixture
def model() -> Model:
    """A random model with two inputs and an output of each task."""
    rng = np.random.default_rng(5)
    return fresh_model(random_valp(INPUTS, OUTPUTS, SMALL, rng, networks=(7, 8)), rng)


def test_influences_into_a_target_add_up_to_one(model: Model) -> None:
    shares = influences(model)
    assert set(shares) == set(model.valp.arc_map)
    for target in (*model.valp.specs, *model.valp.tasks):
        assert sum(share for (_, to), share in shares.items() if to == target) == pytest.approx(1)


def test_a_source_behind_zeros_has_no_influence(model: Model) -> None:
    target = next(name for name in model.valp.tasks if len(model.valp.sources(name)) > 1)
    source = model.valp.sources(target)[0]
    name = f"outputs.{target}.sources.{source}.weight"
    weights = {**model.weights, name: model.weights[name] * 0}
    assert influences(replace(model, weights=weights))[source, target] == 0
    doubled = {**model.weights, name: model.weights[name] * 2}
    assert influences(replace(model, weights=doubled))[source, target] > influences(model)[source, target]


def test_a_target_that_hears_nothing_shares_alike(model: Model) -> None:
    silent = {name: weight * 0 for name, weight in model.weights.items()}
    shares = influences(replace(model, weights=silent))
    assert all(share == 1 / len(model.valp.sources(target)) for (_, target), share in shares.items())


def test_parameters_are_all_of_them(model: Model) -> None:
    assert sum(parameters_of(model.valp, model.weights).values()) == model.parameters


def test_the_boxes_say_what_is_known(model: Model) -> None:
    valp = model.valp
    drawing = draw(valp, parameters_of(valp, model.weights), {"n1": 120}, influences(model))
    boxes = {box.name: box for box in drawing.boxes}
    assert set(boxes) == set(valp.digraph)
    assert any(line.startswith("parameters: ") for line in boxes["n1"].lines)
    assert "trained for 120 batches since it was made" in boxes["n1"].lines
    assert boxes["number"].lines[0] == "task: regression"
    assert boxes["picture"].lines == ("input, image", "shape: 1 x 3 x 3", boxes["picture"].lines[-1])
    assert all(0 <= box.x <= drawing.width and 0 <= box.y <= drawing.height for box in drawing.boxes)
    widths = {(line.source, line.target): line.width for line in drawing.lines}
    assert {arc: round(1 + 7 * share, 2) for arc, share in influences(model).items()} == widths


def test_without_weights_the_structure_is_drawn() -> None:
    drawing = draw(FIGURE_2, {}, {}, {})
    assert {box.name: box.exclusive_to for box in drawing.boxes if box.exclusive_to} == {
        "n1": "o1", "n3": "o1", "n5": "o1", "n4": "o2",
    }  # fmt: skip
    assert {(line.source, line.target) for line in drawing.lines if line.exclusive_to == "o1"} == {
        ("n1", "n3"), ("n3", "o1"), ("n5", "o1"),
    }  # fmt: skip
    assert {line.influence for line in drawing.lines} == {None}
    assert {line.serves for line in drawing.lines if line.source == "n6"} == {("o1",), ("o2",)}


def test_any_spec_is_described() -> None:
    layer = {"width": 3, "activation": "relu"}
    body = {"output": 4, "layers": [layer, layer], "branches": [{"start": 0, "end": 1, "layers": [layer]}]}
    said = describe({"latent": 2, "body": body, "new": "thing"})
    expected = ["body: output: 4", "body: layers: 3 relu, 3 relu", "body: branch from 0 to 1: 3 relu"]
    assert said == ["latent: 2", *expected, "new: thing"]
