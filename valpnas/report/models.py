"""The models a report draws: which ones of the front, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from valpnas.contracts.finding import Finding
from valpnas.errors import StoreError
from valpnas.graph.valp import Valp
from valpnas.report.drawing import Drawing, draw
from valpnas.report.influence import influences, parameters_of
from valpnas.report.relevance import Ranked, Ratios, ranked, ratios
from valpnas.store.run_directory import RunDirectory
from valpnas.store.seen import Seen

Objectives = Mapping[str, float]

MOST = 8  # models drawn, so that a long run's page stays small


@dataclass(frozen=True, eq=False)
class ShownModel:
    """A model of the front. ``missing`` says in words what could not be read.

    ``errors`` names each diagnostic that broke, with its error; ``undiagnosed`` says that none has looked.
    """

    candidate: int
    why: str
    objectives: Objectives
    test: Objectives
    parameters: int
    drawing: Drawing | None
    histories: Mapping[str, np.ndarray]
    findings: tuple[Finding, ...]
    ranked: tuple[Ranked, ...]
    ratios: Ratios
    undiagnosed: bool
    errors: Mapping[str, str]
    missing: str


def choose(front: Sequence[Mapping[str, Any]], problem: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str]]:
    """Return the members of a summary's front to draw, at most ``MOST``, each with why; the all-round best first."""
    if not front:
        return []
    ordered = best_first(front, problem["ideal"])
    whys: dict[int, list[str]] = {ordered[0]["candidate"]: ["best all-round"]}
    for output in sorted(problem["reference"]):
        best = min(front, key=lambda member: (member["validation"][output], member["candidate"]))
        whys.setdefault(best["candidate"], []).append(f"best {output}")
    chosen = sorted(ordered, key=lambda member: member["candidate"] not in whys)[:MOST]
    return [(member, ", ".join(whys.get(member["candidate"], []))) for member in chosen]


def read_model(run: RunDirectory, member: Mapping[str, Any], why: str) -> ShownModel:
    """Read what is known of a member of the front; what is gone is said in ``missing``, and the rest is shown.

    Raises:
        StoreError: what the diagnostics saw in it was altered.
    """
    candidate = member["candidate"]
    valp, drawing, histories, missing = _read(run, candidate)
    seen = run.read_diagnostics(candidate, valp)
    findings, errors = (seen or Seen(())).findings, (seen or Seen(())).errors
    return ShownModel(
        candidate,
        why,
        member["validation"],
        member["test"] or {},
        member["parameters"],
        drawing,
        histories,
        findings,
        tuple(ranked(findings)),
        ratios(findings),
        seen is None,
        errors,
        missing,
    )


_Read = tuple[Valp | None, Drawing | None, Mapping[str, np.ndarray], str]


def _read(run: RunDirectory, candidate: int) -> _Read:
    try:
        model = run.model(candidate)
    except StoreError as error:  # weights may be deleted to save space: the page says so and draws what is left
        return _read_graph(run, candidate, str(error))
    histories = {name: losses.numpy() for name, losses in model.histories.items()}
    parameters = parameters_of(model.valp, model.weights)
    return model.valp, draw(model.valp, parameters, model.ages, influences(model)), histories, ""


def _read_graph(run: RunDirectory, candidate: int, missing: str) -> _Read:
    try:
        valp = run.valp(candidate)
    except StoreError as error:
        return None, None, {}, str(error)
    return valp, draw(valp, {}, {}, {}), {}, missing


def best_first(front: Sequence[Mapping[str, Any]], ideal: Objectives) -> list[Mapping[str, Any]]:
    """Return a front's members by rising mean log validation objective: the first is what "the best model" means."""
    return sorted(front, key=lambda member: (mean_log(member, ideal), member["candidate"]))


def mean_log(member: Mapping[str, Any], ideal: Objectives) -> float:
    """Return the mean log validation objective of a front's member; what lies below the ideal counts as the ideal."""
    objectives = member["validation"]
    return sum(log(max(value, ideal[name])) for name, value in objectives.items()) / len(objectives)
