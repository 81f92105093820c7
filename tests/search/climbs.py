"""Hill climbings that tests play: their settings, and what operators and results they meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Job
from valpnas.contracts.model import Lineage, Model, Mutated
from valpnas.contracts.operator import Site
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.valp import Arc
from valpnas.search.hill_climbing import HillClimbing

from .fakes import ACCEPTANCES, CHOOSERS, Verdict, better, worse

CONSTANT = Protocol(schedule=Schedule("constant"))
RULES = st.sampled_from(sorted(ACCEPTANCES))
ANY_CHOOSER = st.sampled_from(sorted(CHOOSERS))
SEEN = (
    Finding("STEEP", output="y1", advice="treat"),
    Finding("IRRELEVANT", "n1", advice="treat"),
    Finding("PARTLY_RELEVANT", "n2", advice="treat"),
)


def climbing(chooser: str = "random", accept: str = "majority", **settings: Any) -> HillClimbing:
    """A search without a final decay, unless the settings say otherwise."""
    plan = {"steps": 8, "initial_batches": 50, "batches_per_step": 20, "protocol": CONSTANT}
    given_settings = {**plan, **settings}
    return HillClimbing(CHOOSERS[chooser], ACCEPTANCES[accept], **given_settings)


def failing(at: range, job: Job) -> Verdict:
    return "diverged" if job.record.candidate in at else better(job)


def site_key(job: Job) -> tuple[str, Site]:
    assert job.record.proposal is not None
    return job.record.proposal.variant, job.record.proposal.site


def unchanged(model: Model) -> Mutated:
    return Mutated(model.valp, model.weights, model.buffers, Lineage({}, {}, {}))


def worse_changes(job: Job) -> Verdict:
    return worse(job) if job.record.origin == "change" else better(job)


def broken_graph(model: Model) -> Mutated:
    valp = model.valp.with_networks(model.valp.networks, [*model.valp.arcs, Arc("n1", "nowhere")])
    return replace(unchanged(model), valp=valp)


def raises(_: Model) -> Mutated:
    raise ZeroDivisionError("by design")


def larger(model: Model) -> Mutated:
    name, weight = next(iter(model.weights.items()))
    return replace(unchanged(model), weights={**model.weights, f"{name}.again": weight})
