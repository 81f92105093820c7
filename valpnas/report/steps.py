"""The steps of a run: what each candidate was, why it was made, what it cost and what it gained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log
from typing import Any

from valpnas.contracts.operator import Site
from valpnas.store.files import whole
from valpnas.store.journal import Event
from valpnas.store.run_directory import RunDirectory

Objectives = Mapping[str, float]

_WORDS = {"start": "start", "continue": "train further"}


@dataclass(frozen=True)
class Step:
    """A candidate; ``parent`` is the model that it goes on from, None where it has fresh weights.

    ``kept`` are those of its batches that the state that counts has had; ``total_batches`` and ``total_seconds`` are
    those of the whole run when it had been trained.

    ``gains`` holds per output ln(parent's objective / its own): positive is better, 0.69 is half the error. ``usual``
    is the mean gain that the same change had brought earlier in the run, empty the first time.
    """

    candidate: int
    parent: int | None
    change: str
    place: str = ""
    reason: str = ""
    findings: tuple[str, ...] = ()
    verdict: str = ""
    failure: str = ""
    objectives: Objectives = field(default_factory=dict)
    parameters: int = 0
    batches: int = 0
    kept: int = 0
    total_batches: int = 0
    total_seconds: float = 0.0
    gains: Objectives = field(default_factory=dict)
    usual: Objectives = field(default_factory=dict)

    @property
    def fate(self) -> str:
        """Start, accepted, rejected, failed, or pending where there is no verdict yet; one tried by itself is tried.

        Such a one has fresh weights and a reason, which a start has not, and nobody adopts it in another's place.
        """
        if self.failure:
            return "failed"
        if self.parent is None:
            return "tried" if self.reason else "start"
        return self.verdict or "pending"


def read_steps(run: RunDirectory, floor: Objectives) -> list[Step]:
    """Return the candidates in order; objectives below ``floor`` (the ideal) count as ``floor`` in gains.

    Raises:
        StoreError: the journal contradicts itself.
    """
    with whole(run.journal.path, "events that follow from those before them"):
        return list(_with_gains(_read(run.journal.events), floor))


def gains(parent: Objectives, child: Objectives, floor: Objectives) -> dict[str, float]:
    """Return ln(parent / child) per output; what neither reached beyond ``floor`` counts as ``floor``."""
    least = {name: max(floor.get(name, 0.0), 1e-12) for name in child}
    return {name: log(max(parent[name], least[name]) / max(child[name], least[name])) for name in child}


def descent(steps: Sequence[Step], candidate: int) -> list[Step]:
    """Return the line of descent that ends with ``candidate``, the start first."""
    known = {step.candidate: step for step in steps}
    line: list[Step] = []
    at: int | None = candidate
    while at is not None:
        line.append(known[at])
        at = known[at].parent
    return line[::-1]


def _read(events: Sequence[Event]) -> list[Step]:
    steps: dict[int, Step] = {}
    batches, seconds = 0, 0.0
    for event in events:
        kind, candidate = event["event"], event.get("candidate")
        seconds += sum(event.get("seconds", {}).values())
        if kind == "proposed":
            steps[event["candidate"]] = _proposed(event)
        elif kind == "range-test":
            batches += event["batches"]
        elif kind in {"trained", "failed"}:
            batches += event["batches"]
            kept = event.get("kept", event["batches"])
            spent = {"batches": event["batches"], "kept": kept, "total_batches": batches, "total_seconds": seconds}
            steps[event["candidate"]] = replace(steps[event["candidate"]], **spent, **_result(event))
        elif candidate in steps:
            steps[event["candidate"]] = replace(steps[event["candidate"]], verdict=kind)
    return list(steps.values())


def _proposed(event: Event) -> Step:
    proposal: dict[str, Any] = event["proposal"] or event.get("continued") or {}
    origin, fresh = event["origin"], event["origin"] == "start"  # which may have the structure of a parent
    return Step(
        event["candidate"],
        None if fresh else event["parents"][0],
        str(proposal.get("variant") or event.get("reason") or _WORDS.get(origin, origin)),
        str(Site.from_json(proposal["site"])) if "site" in proposal else "",
        proposal.get("reason", "") or event.get("reason", ""),
        tuple(finding["kind"] for finding in proposal.get("findings", ())),
    )


def _result(event: Event) -> dict[str, Any]:
    if event["event"] == "failed":
        return {"failure": event["reason"]}
    return {"objectives": event["objectives"], "parameters": event["parameters"]}


def _with_gains(steps: Sequence[Step], floor: Objectives) -> Iterator[Step]:
    known: dict[int, Objectives] = {}
    earlier: dict[str, list[Objectives]] = {}
    for step in steps:
        known[step.candidate] = step.objectives
        parent = {} if step.parent is None else known.get(step.parent, {})
        usual = _mean(earlier.get(step.change, []))
        if not parent or not step.objectives:
            yield replace(step, usual=usual)
            continue
        gained = gains(parent, step.objectives, floor)
        earlier.setdefault(step.change, []).append(gained)
        yield replace(step, gains=gained, usual=usual)


def _mean(rows: Sequence[Objectives]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}
