"""Job, Protocol and Result: what is to be trained, how, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import cos, pi
from typing import Any, Literal

from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Site
from valpnas.errors import ConfigError, UnknownNameError

SCHEDULES = ("constant", "linear", "cosine")


@dataclass(frozen=True)
class Schedule:
    """How the learning rate falls over a run: ``constant``, ``linear`` (to zero, in the ``final`` part), ``cosine``.

    Progress is that of the whole run, not of one job, so that a search of many short jobs ends with one decay.
    """

    name: str = "linear"
    final: float = 0.3

    def __post_init__(self) -> None:
        """Raise ``UnknownNameError`` for an unknown schedule, ``ConfigError`` for a final part outside (0, 1]."""
        if self.name not in SCHEDULES:
            raise UnknownNameError("schedule", self.name, SCHEDULES)
        if not 0 < self.final <= 1:
            raise ConfigError(f"final_decay: expected a part of the run in (0, 1], got {self.final}; 1 is all of it")

    def factor(self, progress: float) -> float:
        """Return what the learning rate is multiplied by at ``progress`` in [0, 1] of the run."""
        if self.name == "constant":
            return 1.0
        if self.name == "cosine":
            return 0.5 * (1 + cos(pi * progress))
        return min(1.0, (1 - progress) / self.final)


@dataclass(frozen=True)
class Protocol:
    """How a job is trained: so many batches, with the part ``span`` of the run's learning-rate schedule."""

    batches: int
    schedule: Schedule = field(default_factory=Schedule)
    span: tuple[float, float] = (0.0, 0.0)
    time_limit: float = 0.0  # seconds; 0 means none

    def progress(self, batch: int) -> float:
        """Return the progress of the run at the ``batch``-th batch of this job."""
        start, end = self.span
        return start + (end - start) * batch / max(self.batches, 1)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back an equal protocol."""
        return {**asdict(self), "span": list(self.span)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Protocol:
        """Read what ``to_json`` wrote."""
        return Protocol(data["batches"], Schedule(**data["schedule"]), tuple(data["span"]), data["time_limit"])


@dataclass(frozen=True)
class Proposal:
    """A change that a chooser proposes, and why, in words a person can read.

    ``variant`` is an operator's name, ``site`` where; ``findings`` are those that asked for it. ``donor`` is the
    candidate that gives, where the operator needs a second parent.
    """

    variant: str
    site: Site
    reason: str
    findings: tuple[Finding, ...] = ()
    donor: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back an equal proposal."""
        findings = [finding.to_json() for finding in self.findings]
        change = {"variant": self.variant, "site": self.site.to_json(), "donor": self.donor}
        return {**change, "reason": self.reason, "findings": findings}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Proposal:
        """Read what ``to_json`` wrote."""
        findings = tuple(Finding.from_json(finding) for finding in data["findings"])
        return Proposal(data["variant"], Site.from_json(data["site"]), data["reason"], findings, data.get("donor"))


Origin = Literal["start", "change", "continue"]


@dataclass(frozen=True)
class JobRecord:
    """What the journal remembers of a job: everything but the tensors.

    ``graph`` is the canonical hash of the candidate's VALP. ``origin`` says whether the candidate is a start, a
    change that ``proposal`` describes, or its only parent trained further. ``inherited`` is the digest of the weights
    that it begins with, for a search that trains nothing twice; empty when nobody asked.
    """

    candidate: int
    parents: tuple[int, ...]
    origin: Origin
    graph: str
    protocol: Protocol
    proposal: Proposal | None = None
    inherited: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back an equal record."""
        return {
            "candidate": self.candidate,
            "parents": list(self.parents),
            "origin": self.origin,
            "graph": self.graph,
            "protocol": self.protocol.to_json(),
            "proposal": self.proposal.to_json() if self.proposal else None,
            "inherited": self.inherited,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> JobRecord:
        """Read what ``to_json`` wrote."""
        proposal = Proposal.from_json(data["proposal"]) if data["proposal"] else None
        protocol = Protocol.from_json(data["protocol"])
        how = (protocol, proposal, data.get("inherited", ""))  # journals of earlier versions do not say
        return JobRecord(data["candidate"], tuple(data["parents"]), data["origin"], data["graph"], *how)


@dataclass(frozen=True, eq=False)
class Job:
    """A candidate to train: its record and its starting state.

    ``fault`` says that the operator broke while it made the candidate: the job fails with this reason, untrained.
    """

    record: JobRecord
    model: Model
    fault: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """What came of a job. ``objectives`` are per output, on validation, and per further objective of the run
    (``training.measuring``), all to be minimised.

    ``reported`` are further figures per output that decide nothing; ``cost`` is batches x multiply-adds; ``seconds``
    by account (training, evaluation). A failed job has a ``reason`` and no model; so has a result read back
    from the journal, whose model is in the store.
    """

    record: JobRecord
    objectives: Mapping[str, float] = field(default_factory=dict)
    reported: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    batches: int = 0
    cost: float = 0.0
    parameters: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    model: Model | None = None

    @property
    def candidate(self) -> int:
        """Number of the candidate."""
        return self.record.candidate

    @property
    def failed(self) -> bool:
        """Whether the job failed; ``reason`` says how."""
        return bool(self.reason)
