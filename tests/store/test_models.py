"""Weight files: what is written comes back, and files of earlier versions are read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import safetensors
from safetensors.torch import save

from tests.training.toy_data import toy_model, toy_prepared
from valpnas.graph.valp_json import valp_to_json
from valpnas.store.models import load_model, load_valp, save_valp, save_weights


def test_where_a_model_changed_comes_back_and_earlier_files_do_not_say(tmp_path: Path) -> None:
    graph, weights = tmp_path / "graph.json", tmp_path / "weights.safetensors"
    model = replace(toy_model(toy_prepared()), batches=9, changed_at=7, disturbed_at=3)
    save_valp(model.valp, graph)
    save_weights(model, weights)
    assert _marks(graph, weights) == (9, 7, 3)
    with safetensors.safe_open(weights, framework="pt") as file:
        state = json.loads(file.metadata()["valpnas"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    del state["disturbed_at"]
    weights.write_bytes(save(tensors, {"valpnas": json.dumps(state)}))
    assert _marks(graph, weights) == (9, 7, 7), "as if every change had disturbed it"


def test_a_graph_file_has_a_line_for_each_component_and_arc(tmp_path: Path) -> None:
    valp = toy_model(toy_prepared()).valp
    save_valp(valp, tmp_path / "graph.json")
    text = (tmp_path / "graph.json").read_text()
    assert json.loads(text) == json.loads(json.dumps(valp_to_json(valp)))
    lines = text.splitlines()
    assert all(f"  {json.dumps(vars(arc), sort_keys=True)}" in "".join(lines) for arc in valp.arcs)
    entries = (*valp.inputs, *valp.outputs, *valp.networks, *valp.arcs, *valp.output_training)
    assert len(lines) == 2 + 2 + 2 * 5 + len(entries)
    assert load_valp(tmp_path / "graph.json") == valp


def _marks(graph: Path, weights: Path) -> tuple[int, int, int]:
    model = load_model(graph, weights)
    return model.batches, model.changed_at, model.disturbed_at
