"""Models on disk: the graph as JSON, every tensor in one safetensors file; reading one back gives the same bits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import save
from torch import Tensor

from valpnas.catalog import read_spec
from valpnas.contracts.model import Model
from valpnas.errors import StoreError, ValpnasError
from valpnas.graph.valp import Valp
from valpnas.graph.valp_json import valp_from_json, valp_to_json
from valpnas.store.files import read_json, whole, write_atomically, write_by_lines

FORMAT = "valpnas-weights/1"
_STATE = "valpnas"  # one key for all metadata: safetensors writes several in an order that varies
_MARK = "|"  # separates the parts of a name; component names cannot contain it


def save_valp(valp: Valp, graph: Path, flushed: bool = True) -> None:
    """Write a graph atomically."""
    write_by_lines(graph, valp_to_json(valp), flushed)


def save_weights(model: Model, weights: Path) -> None:
    """Write everything of ``model`` but its graph, atomically."""
    # One copy per name: tensors that share memory are refused, and a gathered tensor may be a strided view. One of a
    # single entry counts as contiguous whatever its stride, so that `contiguous` would leave it as it is.
    tensors = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in _named(model)}
    counts = {name: getattr(model, name) for name in ("batches", "changed_at", "disturbed_at")}
    state = {"format": FORMAT, "digest": _digest(tensors), "ages": dict(model.ages), **counts}
    # Not save_file: it moves a temporary file of its own into place, and a full disk is no OSError to it.
    data = save(tensors, {_STATE: json.dumps(state)})
    write_atomically(weights, lambda path: _write(path, data))


def load_valp(graph: Path) -> Valp:
    """Read a graph; raises ``StoreError`` when it is missing or altered."""
    data = read_json(graph)
    try:
        return valp_from_json(data, read_spec)
    except ValpnasError as error:
        raise StoreError(f"{graph}: {error}") from error


def load_model(graph: Path, weights: Path) -> Model:
    """Read a model; raises ``StoreError`` when a file is missing, cut off or altered."""
    return load_weights(load_valp(graph), weights)


def load_weights(valp: Valp, weights: Path) -> Model:
    """Read everything of a model but its graph; raises ``StoreError`` when the file is missing, cut off or altered."""
    try:
        with safetensors.safe_open(weights, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except FileNotFoundError as error:
        raise StoreError(
            f"{weights}: expected the weights of a kept model, found none; take them from a copy, or start a new run"
        ) from error
    except (OSError, safetensors.SafetensorError) as error:
        raise StoreError(
            f"{weights}: expected a whole weight file, got {error}; it was cut off or altered: take it from a copy"
        ) from error
    with whole(weights, "a whole weight file"):
        return _assemble(valp, tensors, _read_state(metadata, tensors, weights))


def _read_state(metadata: Mapping[str, str], tensors: Mapping[str, Tensor], weights: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(metadata.get(_STATE, "{}"))
    if state.get("format") != FORMAT:
        raise StoreError(
            f"{weights}: expected format {FORMAT!r}, got {state.get('format')!r}; use a valpnas that knows it"
        )
    if (found := _digest(tensors)) != state["digest"]:
        raise ValueError(f"tensors of digest {found} instead of {state['digest']}")
    return state


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _named(model: Model) -> Iterator[tuple[str, Tensor]]:
    for kind, table in (("weights", model.weights), ("buffers", model.buffers), ("histories", model.histories)):
        for name, tensor in table.items():
            yield _MARK.join((kind, name)), tensor
    for lead, state in model.optimiser.items():
        for name, slots in state.items():
            for part, tensor in slots.items():
                yield _MARK.join(("optimiser", lead, name, part)), tensor
    for output, slots in model.balancer.items():
        for part, tensor in slots.items():
            yield _MARK.join(("balancer", output, part)), tensor


def _assemble(valp: Valp, tensors: dict[str, Tensor], state: dict[str, Any]) -> Model:
    tables: dict[str, dict[str, Tensor]] = {"weights": {}, "buffers": {}, "histories": {}}
    optimiser: dict[str, dict[str, dict[str, Tensor]]] = {}
    balancer: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, *names = key.split(_MARK)
        if kind == "optimiser":
            lead, name, part = names
            optimiser.setdefault(lead, {}).setdefault(name, {})[part] = tensor
        elif kind == "balancer":
            output, part = names
            balancer.setdefault(output, {})[part] = tensor
        else:
            tables[kind][names[0]] = tensor
    return Model(
        valp,
        tables["weights"],
        tables["buffers"],
        optimiser,
        tables["histories"],
        state["ages"],
        state["batches"],
        state["changed_at"],
        balancer,
        state.get("disturbed_at", state["changed_at"]),  # files of earlier versions do not say
    )
