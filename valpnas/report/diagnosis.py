"""The diagnosis of a model as data: its parts with what each output needs of them, its outputs, and what to do.

Everything is read from findings, by what their evidence is called; a diagnostic of a third party that names it alike
is shown alike. The table is drawn by ``diagnosis_terminal.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator
from valpnas.graph.subgraphs import served_outputs
from valpnas.networks.module import multiply_adds_of
from valpnas.report.influence import parameters_of
from valpnas.report.recommendations import Recommendation, Unplaced, change_in_100_batches, recommend
from valpnas.report.relevance import ratios
from valpnas.search.choosers.protection import protections

_ELSEWHERE = {"unread", "divergence"}  # evidence of findings that the table of parts has a word of its own for


@dataclass(frozen=True)
class Probe:
    """How well a linear map reads an output's target, as share of its variance explained, in (-inf, 1].

    ``score`` is that from what the part emits, ``predecessor`` that from the best of its sources.
    """

    score: float
    predecessor: float
    verdict: str


@dataclass(frozen=True)
class Need:
    """What ``output`` owes to a part: ``ratio`` is its loss without what the part knows over its loss as it is.

    ``ratio`` and ``probe`` are None where no finding measured them; ``verdict`` is the kind of the finding that
    decides, empty where none does; ``spare_parts`` counts the parts of an input that the output does not need;
    ``off_prior`` says how many nats the latents of a decoder of samples are off what is drawn, None where they are not.
    """

    output: str
    ratio: float | None
    verdict: str
    probe: Probe | None = None
    spare_parts: int = 0
    off_prior: float | None = None


@dataclass(frozen=True)
class Part:
    """An input or sub-network: ``role`` says which, ``what`` is a shape or a kind, ``batches`` those that trained it.

    ``share`` estimates its share of the training time by that of the multiply-adds.
    """

    name: str
    role: str
    what: str
    batches: int
    parameters: int
    share: float
    needs: tuple[Need, ...]
    summary: str = ""  # of a network whose kind says too little of it


@dataclass(frozen=True)
class JudgedOutput:
    """An output: its validation objective, the slope of its training loss with standard error, and its verdicts.

    ``slope`` is the share by which the loss changes in 100 batches, -1 for all of it; ``gap`` is its held-out loss over
    that of training; ``rank`` is the share of peers that are better. None where nothing measured them. ``parameters``
    and ``share`` are those of its head.
    """

    name: str
    task: str
    objective: float | None
    slope: float | None
    error: float | None
    verdict: str
    gap: float | None
    generality: str
    rank: float | None
    standing: str
    parameters: int
    share: float


@dataclass(frozen=True)
class Subject:
    """What was looked at: ``source`` is a run or a weight file, ``why`` says why this candidate.

    ``candidate`` is -1 for a model that belongs to no run; ``stored`` says that the findings are those of the run;
    ``notes`` are what every figure on the problem must be read with.
    """

    source: str
    problem: str
    candidate: int
    why: str
    stored: bool
    objectives: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """A model's diagnosis. ``protected`` says in words why a part is to be left alone, by part.

    ``errors`` names each diagnostic that broke, with its error.
    """

    subject: Subject
    parts: tuple[Part, ...]
    outputs: tuple[JudgedOutput, ...]
    recommendations: tuple[Recommendation, ...]
    unplaced: tuple[Unplaced, ...]
    protected: Mapping[str, str]
    findings: tuple[Finding, ...]
    errors: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; the shape of ``valpnas diagnose --json``."""
        return asdict(self)


def diagnosis(
    subject: Subject,
    model: Model,
    findings: Sequence[Finding],
    operators: Mapping[str, Operator],
    errors: Mapping[str, str],
) -> Diagnosis:
    """Return what the findings say about a model, part by part, and the changes they ask for, the first one first."""
    parameters, shares = parameters_of(model.valp, model.weights), _shares(model)
    recommended, unplaced = recommend(model.valp, findings, operators)
    return Diagnosis(
        subject,
        tuple(_part(model, name, findings, parameters, shares) for name in _names(model)),
        tuple(_output(subject, model, name, findings, parameters, shares) for name in model.valp.tasks),
        recommended,
        unplaced,
        protections(findings),
        tuple(findings),
        dict(errors),
    )


def _names(model: Model) -> list[str]:
    return [*(vertex.name for vertex in model.valp.inputs), *model.valp.order]


def _part(
    model: Model,
    name: str,
    findings: Sequence[Finding],
    parameters: Mapping[str, int],
    shares: Mapping[str, float],
) -> Part:
    own = [finding for finding in findings if finding.component == name]
    spec = model.valp.specs.get(name)
    what = spec.kind if spec else "x".join(map(str, model.valp.shape(name)))
    return Part(
        name,
        "network" if spec else "input",
        what,
        model.ages.get(name, 0),
        parameters.get(name, 0),
        shares.get(name, 0.0),
        tuple(_need(own, name, output) for output in served_outputs(model.valp, name)),
        spec.summary if spec else "",
    )


def _need(own: Sequence[Finding], name: str, output: str) -> Need:
    parts = [f for f in own if f.output == output and _of_a_part(f)]
    return Need(
        output,
        ratios(own).get(name, {}).get(output),
        _verdict([f for f in own if not _of_a_part(f)], output),
        _probe(own, output),
        len(parts),
        next((f.evidence["divergence"] for f in own if f.output == output and f.kind == "OFF_PRIOR"), None),
    )


def _of_a_part(finding: Finding) -> bool:
    """Whether a finding is about a part of an input: its evidence then says where the part begins."""
    return any(name.startswith("first ") for name in finding.evidence)


def _verdict(own: Sequence[Finding], output: str) -> str:
    """Return the kind of the finding about this output, else of one about all outputs; others have words elsewhere."""
    judged = [f for f in own if _ELSEWHERE.isdisjoint(f.evidence)]
    exact = [f.kind for f in judged if f.output == output]
    general = [f.kind for f in judged if not f.output]
    return next(iter([*exact, *general]), "")


def _probe(own: Sequence[Finding], output: str) -> Probe | None:
    for finding in own:
        if finding.output == output and {"unread", "gain"} <= set(finding.evidence):
            unread, gain = finding.evidence["unread"], finding.evidence["gain"]
            return Probe(1 - unread, 1 - unread - gain, finding.kind)
    return None


def _output(
    subject: Subject,
    model: Model,
    name: str,
    findings: Sequence[Finding],
    parameters: Mapping[str, int],
    shares: Mapping[str, float],
) -> JudgedOutput:
    own = [f for f in findings if not f.component and f.output == name]
    standing = next((f for f in own if "rank" in f.evidence), None)
    gap = next((f for f in own if "training loss" in f.evidence), None)
    trend = next((f for f in own if f is not standing and f is not gap), None)
    seen = trend.evidence if trend else {}
    return JudgedOutput(
        name,
        model.valp.tasks[name].name,
        subject.objectives.get(name),
        *_in_100_batches(seen),
        "RESTS" if model.valp.output_training[name].rests else trend.kind if trend else "",
        gap.evidence["ratio"] if gap else None,
        gap.kind if gap else "",
        standing.evidence["rank"] if standing else None,
        standing.kind if standing else "",
        parameters[name],
        shares[name],
    )


def _in_100_batches(seen: Mapping[str, float]) -> tuple[float | None, float | None]:
    """Return the change of a loss as a share of it, with its standard error; a slope is one of the loss's logarithm."""
    if not {"slope per batch", "standard error"} <= set(seen):
        return None, None
    change = change_in_100_batches(seen["slope per batch"])
    return change, 100 * seen["standard error"] * (1 + change)


def _shares(model: Model) -> dict[str, float]:
    """Return the share of the multiply-adds by sub-network and output; they add up to 1."""
    counted = multiply_adds_of(model)
    total = max(sum(counted.values()), 1)
    return {name: count / total for name, count in counted.items()}
