"""Job and Result: what is to be trained, why, and what came of it; how is a ``Protocol``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Site
from valpnas.contracts.protocol import Protocol


@dataclass(frozen=True)
class Proposal:
    """A change that a chooser proposes, and why, in words a person can read.

    ``variant`` is an operator's name, ``site`` where; ``findings`` are those that asked for it. ``donor`` is the
    candidate that gives, where the operator needs a second parent. ``features`` are finite numbers that the chooser
    knew of the place when it chose, by name.
    """

    variant: str
    site: Site
    reason: str
    findings: tuple[Finding, ...] = ()
    donor: int | None = None
    features: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back an equal proposal."""
        findings = [finding.to_json() for finding in self.findings]
        change = {"variant": self.variant, "site": self.site.to_json(), "donor": self.donor}
        return {**change, **_why(self), "findings": findings}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Proposal:
        """Read what ``to_json`` wrote."""
        findings = tuple(Finding.from_json(finding) for finding in data["findings"])
        site, features = Site.from_json(data["site"]), data.get("features", {})
        return Proposal(data["variant"], site, data["reason"], findings, data.get("donor"), features)


@dataclass(frozen=True)
class Continue:
    """That the model is trained further without a change, and why, in words; ``features`` as in ``Proposal``."""

    reason: str
    features: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back an equal object."""
        return _why(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Continue:
        """Read what ``to_json`` wrote."""
        return Continue(data["reason"], data.get("features", {}))


def _why(choice: Proposal | Continue) -> dict[str, Any]:
    features = {"features": dict(choice.features)} if choice.features else {}
    return {"reason": choice.reason, **features}


Origin = Literal["start", "change", "continue"]


@dataclass(frozen=True)
class JobRecord:
    """What the journal remembers of a job: everything but the tensors.

    ``graph`` is the canonical hash of the candidate's VALP. ``origin`` says whether the candidate is a start, with
    fresh weights (of the structure of its ``parents``, if it has any), a change that ``proposal`` describes, or its
    only parent trained further. ``inherited`` is the digest of the weights
    that it begins with, for a search that trains nothing twice; empty when nobody asked. ``continued`` is why a parent
    is trained further, ``gentle`` whether a change promised to keep the function; earlier versions did not say these.

    ``estimates`` are what a search expected the candidate to reach (``score``) and to cost, by name; ``reason`` why it
    asks for it, in words; ``round`` the round in which it does, which for a progressive search is a number of blocks.
    """

    candidate: int
    parents: tuple[int, ...]
    origin: Origin
    graph: str
    protocol: Protocol
    proposal: Proposal | None = None
    inherited: str = ""
    continued: Continue | None = None
    gentle: bool = False
    estimates: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    round: int = 0

    @property
    def donated(self) -> bool:
        """Whether another model gave it a part."""
        return self.proposal is not None and self.proposal.donor is not None

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
            **({"continued": self.continued.to_json()} if self.continued else {}),
            **({"gentle": True} if self.gentle else {}),
            **({"estimates": dict(self.estimates)} if self.estimates else {}),
            **({"reason": self.reason} if self.reason else {}),
            **({"round": self.round} if self.round else {}),
        }

    def as_earlier(self) -> JobRecord:
        """Return the record as earlier versions wrote it, which did not say why they go on or what is gentle."""
        return replace(self, continued=None, gentle=False)

    def asks_for(self, other: JobRecord) -> bool:
        """Whether ``other``, asked for again, is the same job as this one of a journal.

        Estimates come from predictors that were fitted again, on another processor maybe, whose last digits are its
        own. What follows from them - the cell, its parents, why it was asked for - has to be equal all the same.
        """
        asked = replace(other, estimates=self.estimates)
        return self in (asked, asked.as_earlier())

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> JobRecord:
        """Read what ``to_json`` wrote."""
        proposal = Proposal.from_json(data["proposal"]) if data["proposal"] else None
        protocol = Protocol.from_json(data["protocol"])
        # Journals of earlier versions do not say these.
        inherited, continued = data.get("inherited", ""), data.get("continued")
        why = Continue.from_json(continued) if continued else None
        expected = (data.get("estimates", {}), data.get("reason", ""), data.get("round", 0))
        how = (protocol, proposal, inherited, why, data.get("gentle", False), *expected)
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
    by account (training, evaluation), ``elapsed`` the wall time that the run had been at work when the result came, all
    its sittings together. A failed job has a ``reason`` and no model; so has a result read back
    from the journal, whose model is in the store. ``curve`` holds the validation objectives
    at every checkpoint of a job that has several to choose from, ``kept`` the batches done at the one that counts.
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
    curve: tuple[Mapping[str, float], ...] = ()
    kept: int = 0
    elapsed: float = 0.0

    @property
    def candidate(self) -> int:
        """Number of the candidate."""
        return self.record.candidate

    @property
    def failed(self) -> bool:
        """Whether the job failed; ``reason`` says how."""
        return bool(self.reason)
