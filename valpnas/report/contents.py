"""The contents of a run's page: everything it shows, as plain data for the template and its script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from valpnas.report.accounts import accounts
from valpnas.report.curves import loss_curves
from valpnas.report.family import Tried, tried
from valpnas.report.figure import Figure
from valpnas.report.fronts import pareto_panels
from valpnas.report.models import ShownModel, choose, read_model
from valpnas.report.predictions import Pictures, Predicted, caption, prediction_figure
from valpnas.report.progress import hypervolume_curves, reached
from valpnas.report.relevance import evidence_in_words
from valpnas.report.room import Room, room_of
from valpnas.report.steps import Step, descent, read_steps
from valpnas.report.summary import summarise
from valpnas.run_files import read_begun_run_file
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import read_test_objectives


@dataclass(frozen=True)
class OnData:
    """What needs models and data at once, gathered by ``valpnas.reporting``; ``unread`` says why there are no data."""

    predicted: Sequence[Predicted] = ()
    pictures: Sequence[Pictures] = ()
    unread: str = ""


@dataclass(frozen=True)
class Best:
    """A constant's, the start's and the best objective of an output, on validation and test rows."""

    output: str
    task: str
    constant: float
    start: float
    start_test: float | None
    best: float
    best_test: float | None
    candidate: int


@dataclass(frozen=True)
class Contents:
    """All that a page shows. ``figures`` are charts by the name of their place on the page, those of ``room`` too."""

    summary: Mapping[str, Any]
    problem: Mapping[str, Any]
    outputs: Sequence[str]
    room: Room = field(default_factory=Room)
    bests: Sequence[Best] = ()
    models: Sequence[ShownModel] = ()
    steps: Sequence[Step] = ()
    tried: Sequence[Tried] = ()
    on_data: OnData = field(default_factory=OnData)
    captions: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


def contents(run: RunDirectory, on_data: OnData) -> Contents:
    """Return what the page of ``run`` shows.

    Raises:
        StoreError: the journal or ``problem.json`` cannot be read.
    """
    summary, problem = summarise(run), read_problem(run.path)
    outputs = sorted(problem["reference"])
    steps = read_steps(run, problem["ideal"])
    room = room_of(run, read_begun_run_file(run.path), summary, problem, steps)
    if not summary["front"]:
        return Contents(summary, problem, outputs, room, steps=steps, on_data=on_data)
    models = [read_model(run, member, why) for member, why in choose(summary["front"], problem)]
    test = read_test_objectives(run.path)
    front = {member["candidate"] for member in summary["front"]}
    figures = {
        "front": pareto_panels(steps, front, test, summary["further"]),
        "progress": hypervolume_curves(reached(steps, problem["reference"], problem["ideal"], test)),
        "seconds": accounts(summary["seconds"]),
        **room.figures,
        **{
            f"curves-{model.candidate}": loss_curves(model.histories, descent(steps, model.candidate), model.findings)
            for model in models
            if model.histories
        },
        **{f"predicted-{shown.output}": prediction_figure(shown) for shown in on_data.predicted},
    }
    captions = {shown.output: caption(shown) for shown in on_data.predicted}
    bests = _bests(summary, problem, outputs)
    return Contents(summary, problem, outputs, room, bests, models, steps, tried(steps), on_data, captions, figures)


def for_script(shown: Contents) -> dict[str, Any]:
    """Return what the page's script needs: the charts, and what is known of each component of each model."""
    models = {str(model.candidate): _components(model) for model in shown.models}
    return {"figures": shown.figures, "models": models, "outputs": list(shown.outputs)}


def _components(model: ShownModel) -> dict[str, Any]:
    boxes = model.drawing.boxes if model.drawing else ()
    return {
        box.name: {
            "role": box.role,
            "label": box.label,
            "lines": box.lines,
            "ratios": model.ratios.get(box.name, {}),
            "looked": not model.undiagnosed,
            "findings": [_said(finding) for finding in model.findings if _about(finding, box.name, box.role)],
        }
        for box in boxes
    }


def _about(finding: Any, name: str, role: str) -> bool:
    return bool(finding.component == name or (role == "output" and finding.output == name and not finding.component))


def _said(finding: Any) -> str:
    to = f" for {finding.output}" if finding.component and finding.output else ""
    numbers = evidence_in_words(finding.evidence)
    return f"{finding.kind}{to}" + (f": {numbers}" if numbers else "")


def _bests(summary: Mapping[str, Any], problem: Mapping[str, Any], outputs: Sequence[str]) -> list[Best]:
    tasks = {output["name"]: output["task"] for output in problem["outputs"]}
    rows = []
    for output in outputs:
        member = min(summary["front"], key=lambda m: (m["validation"][output], m["candidate"]))
        start_test = (summary["start_test"] or {}).get(output)
        best_test = (member["test"] or {}).get(output)
        constant, start, best = summary["constant"][output], summary["start"][output], member["validation"][output]
        task, candidate = tasks.get(output, ""), member["candidate"]
        rows.append(Best(output, task, constant, start, start_test, best, best_test, candidate))
    return rows
