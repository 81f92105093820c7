"""Reading and writing a VALP as JSON with a format version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from valpnas.errors import StoreError
from valpnas.graph.spec import Spec
from valpnas.graph.tasks import task_from_json, task_to_json
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp

FORMAT = "valpnas-valp/1"
SpecReader = Callable[[str, dict[str, Any]], Spec]  # (kind, data) -> spec; ``catalog.read_spec`` is the usual one


def valp_to_json(valp: Valp) -> dict[str, Any]:
    """Return ``valp`` as plain JSON data; ``valp_from_json`` gives back an equal one."""
    return {
        "format": FORMAT,
        "inputs": [{**vars(vertex), "shape": list(vertex.shape)} for vertex in valp.inputs],
        "networks": [{"id": n.id, "kind": n.spec.kind, "spec": n.spec.to_json()} for n in valp.networks],
        "outputs": [{"name": o.name, **task_to_json(o.task)} for o in valp.outputs],
        "arcs": [dict(vars(arc)) for arc in valp.arcs],
        "training": [{"output": output, **vars(how)} for output, how in valp.output_training.items()],
        "batch_size": valp.batch_size,
    }


def valp_from_json(data: dict[str, Any], read_spec: SpecReader) -> Valp:
    """Read a VALP. Does not validate: call ``validate``.

    Raises:
        StoreError: another format, or an entry that is missing or of the wrong type.
    """
    if (found := _format(data)) != FORMAT:
        raise StoreError(f"expected a graph of format {FORMAT!r}, got {found!r}; read it with a valpnas that knows it")
    try:
        return _read_valp(data, read_spec)
    except (KeyError, TypeError, AttributeError) as error:
        what = f"{type(error).__name__} {error}"
        raise StoreError(f"expected a whole graph of format {FORMAT!r}, got {what}; take it from a copy") from error


def _format(data: object) -> object:
    return data.get("format") if isinstance(data, dict) else type(data).__name__


def _read_valp(data: dict[str, Any], read_spec: SpecReader) -> Valp:
    return Valp.make(
        inputs=[Input(i["name"], tuple(i["shape"]), i["kind"], i["optional"]) for i in data["inputs"]],
        networks=[SubNetwork(n["id"], read_spec(n["kind"], n["spec"])) for n in data["networks"]],
        outputs=[_read_output(o) for o in data["outputs"]],
        arcs=[Arc(a["source"], a["target"], a["identity"]) for a in data["arcs"]],
        training={t["output"]: _read_training(t) for t in data["training"]},
        batch_size=data["batch_size"],
    )


def _read_training(data: dict[str, Any]) -> OutputTraining:
    decay = {"weight_decay": data["weight_decay"]} if "weight_decay" in data else {}  # earlier versions do not say
    return OutputTraining(data["learning_rate"], data["algorithm"], **decay)


def _read_output(data: dict[str, Any]) -> Output:
    return Output(data["name"], task_from_json({key: value for key, value in data.items() if key != "name"}))
