"""A fabricated run directory of any length: a journal, and graphs, weights and findings of its front, in seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from valpnas.config import RunConfig
from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.space import Space
from valpnas.graph.tasks import Classification, Regression, task_to_json
from valpnas.graph.valp import Input, Output
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.report.summary import summarise
from valpnas.store.models import save_valp, save_weights
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import HeldOutFile

INPUTS = (Input("left", (12,)), Input("right", (8,)))
OUTPUTS = (Output("kind", Classification(4)), Output("price", Regression(1)), Output("size", Regression(2)))
NAMES = tuple(output.name for output in OUTPUTS)
EVIL = "<script>alert(1)</script>"
BATCHES = 20

_VARIANTS = ("clone_network/gentle", "add_layer/gentle", "delete_network", "change_lr", EVIL)


def make_run(folder: Path, steps: int, name: str = "fabricated", ended: bool = True, weights: bool = True) -> Path:
    """Write a run of ``steps`` steps in which about every third change is accepted and some fail."""
    folder.mkdir(parents=True)
    for inner in ("graphs", "weights", "diagnostics"):
        (folder / inner).mkdir()
    (folder / "run.toml").write_text(RunConfig("nowhere:problem", steps=steps).to_toml({}), encoding="utf-8")
    (folder / "problem.json").write_text(json.dumps(_problem(name)), encoding="utf-8")
    events = list(_events(steps, np.random.default_rng(0)))
    ending = [{"event": "ended", "seconds": {"diagnostics": 1.0}}] if ended else []
    lines = [json.dumps(event) + "\n" for event in [*events, *ending]]
    (folder / "journal.jsonl").write_text("".join(lines), encoding="utf-8")
    held_out = HeldOutFile.open(folder)
    for event in events:
        if event["event"] == "trained":
            figures = {output: 1.1 * value for output, value in event["objectives"].items()}
            held_out.record(event["candidate"], figures, {})
    if weights:
        _save_front(RunDirectory(folder), steps)
    return folder


def _problem(name: str) -> dict[str, Any]:
    outputs = [{"name": output.name, **task_to_json(output.task)} for output in OUTPUTS]
    bounds = {"reference": dict.fromkeys(NAMES, 1.0), "ideal": dict.fromkeys(NAMES, 0.01)}
    said = {"format": "valpnas-run/1", "name": name, "summary": f"made up, {name}", "in_memory": True}
    rest = {"fingerprint": "f", "samplers": {}, "transforms": {"inputs": {}, "targets": {}}, "yardsticks": {}}
    return {**said, **bounds, **rest, "inputs": [], "outputs": outputs}


def _events(steps: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    current, best = 0, np.full(len(NAMES), 0.9)
    for candidate in range(steps + 1):
        parents, accepted = ([], True) if candidate == 0 else ([current], candidate % 3 == 1)
        yield _proposed(candidate, parents)
        if candidate % 50 == 49:
            yield _result("failed", candidate, {"reason": f"raised {EVIL}"})
        else:
            best = best * (0.998 if accepted else 1.0)
            values = best * np.exp(0.1 * rng.standard_normal(len(NAMES)))
            figures = dict(zip(NAMES, map(float, values), strict=True))
            yield _result("trained", candidate, {"objectives": figures, "reported": {}, "parameters": 1000 + candidate})
            current = candidate if accepted else current
        verdict = "accepted" if accepted and candidate % 50 != 49 else "rejected"
        yield {"event": verdict, "candidate": candidate, "step": candidate, "seconds": {"other": 0.1}}


def _proposed(candidate: int, parents: list[int]) -> dict[str, Any]:
    site = {"components": ["n1"], "arcs": [], "outputs": [], "place": "main.1"}
    finding = Finding("STEEP", output="price", evidence={"slope per batch": -0.001}, advice="treat").to_json()
    reason = f"output price is STEEP (slope per batch -0.001): the {candidate}th reason, a sentence of some length"
    variant = _VARIANTS[candidate % len(_VARIANTS)]
    change = {"variant": variant, "site": site, "reason": reason, "findings": [finding]}
    protocol = {"batches": BATCHES, "schedule": {"name": "linear", "final": 0.3}, "span": [0, 1], "time_limit": 0.0}
    asked = {"event": "proposed", "ask": candidate, "candidate": candidate, "parents": parents, "graph": "g"}
    origin = {"origin": "change" if parents else "start", "proposal": change if parents else None}
    return {**asked, **origin, "protocol": protocol, "seconds": {"diagnostics": 0.2}}


def _result(kind: str, candidate: int, figures: dict[str, Any]) -> dict[str, Any]:
    spent = {"batches": BATCHES, "cost": 1.0, "seconds": {"training": 1.0, "evaluation": 0.1}}
    return {"event": kind, "ask": candidate, "candidate": candidate, **figures, **spent}


def _save_front(run: RunDirectory, steps: int) -> None:
    rng = np.random.default_rng(1)
    for member in summarise(run)["front"]:
        _save(run, member["candidate"], _model(rng, steps))


def _model(rng: np.random.Generator, steps: int) -> Model:
    valp = random_valp(INPUTS, OUTPUTS, Space(min_width=8, max_width=16), rng, networks=(6, 10))
    batches = BATCHES * (1 + steps // 3)
    falling = np.exp(-np.arange(batches) / batches + 0.2 * rng.standard_normal((len(NAMES), batches)))
    histories = {name: torch.as_tensor(row.astype(np.float32)) for name, row in zip(NAMES, falling, strict=True)}
    return replace(fresh_model(valp, rng), histories=histories, batches=batches)


def _save(run: RunDirectory, candidate: int, model: Model) -> None:
    save_valp(model.valp, run.path / "graphs" / f"{candidate:05d}.json")
    save_weights(model, run.path / "weights" / f"{candidate:05d}.safetensors")
    run.write_diagnostics(candidate, {"candidate": candidate, "findings": [f.to_json() for f in _findings(model)]})


def _findings(model: Model) -> Iterator[Finding]:
    evidence = {"slope per batch": -1e-4, "standard error": 1e-5, "batches": float(min(1000, model.batches))}
    for name in NAMES:
        yield Finding("MODERATE", output=name, strength=0.5, evidence=evidence, advice="treat")
    for network in model.valp.networks:
        yield Finding("RELEVANT", network.id, "price", 0.7, {"ratio": 4.0}, "protect")
        yield Finding("PARTLY_RELEVANT", network.id, evidence={"ratio kind": 1.1, "ratio price": 4.0}, advice="treat")
    yield Finding("QUITE_NEW", "left", "kind", 0.9, {"ratio": 1.5}, "none")
