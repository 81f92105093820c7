"""Golden proposals: what each search and chooser asks when results and findings are made up, on any machine.

No weight is trained and no loss is measured: structures, places and verdicts follow from numpy's streams alone. So
these are compared exactly, everywhere; a difference is a change of behaviour, whatever torch and the processor are.
``python -m tests.golden.record`` writes them anew, together with the golden runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.search.fakes import FakeBench, Story, mixed, play
from tests.training.toy_data import SMALL
from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.contracts.finding import Finding
from valpnas.graph.subgraphs import served_outputs
from valpnas.search import CHOOSERS, SEARCHES
from valpnas.search.build import build_search
from valpnas.search.kinds import has_chooser
from valpnas.seeding import stream

FILE = Path(__file__).parent / "proposals.json"
STEPS = 16
OF_OUTPUTS = ("STEEP", "MODERATE", "STUCK", "UNDECIDED")
OF_NETWORKS = ("RELEVANT", "PARTLY_RELEVANT", "IRRELEVANT_TO_OUTPUT", "IRRELEVANT", "NEWBORN")


class Dreaming(FakeBench):
    """A bench whose diagnostics say what chance tells them, the same for the same candidate."""

    def findings(
        self,
        candidate: int,
        diagnostics: Sequence[str],  # noqa: ARG002
        scored: Mapping[int, Mapping[str, float]] | None = None,
    ) -> tuple[Finding, ...]:
        """Make up one finding per output and one per sub-network; every other member is weak in one output."""
        valp, rng = self.model(candidate).valp, stream(5, candidate)
        found = [Finding(str(rng.choice(OF_OUTPUTS)), output=output, advice="treat") for output in valp.tasks]
        for network in valp.specs:
            outputs = served_outputs(valp, network)
            kind, output = str(rng.choice(OF_NETWORKS)), outputs[int(rng.integers(len(outputs)))]
            found.append(Finding(kind, network, output if "TO_OUTPUT" in kind else "", advice="treat"))
        if scored is not None and candidate % 2:
            found.append(Finding("WEAK_OUTPUT", output=str(stream(6, candidate).choice([*valp.tasks])), advice="treat"))
        return tuple(found)


def imagine(search: str, chooser: str) -> list[str]:
    """Return what the search asks and how it judges, a line per candidate."""
    rules = {"accept": "majority", "rejected": "train-parent", "steps": STEPS, "population": 4, "generations": 6}
    config = RunConfig("digits", search=search, chooser=chooser, **rules)  # type: ignore[arg-type]
    bench = Dreaming(catalog.problem("digits"), SMALL, catalog.operators(SMALL))
    return _told(play(build_search(config), bench, mixed))


def _told(story: Story) -> list[str]:
    lines = []
    for job, verdict in zip(story.jobs, story.verdicts, strict=True):
        record, change = job.record, job.record.proposal
        what = f"{change.variant} at {change.site}" if change else record.origin
        lines.append(f"{record.candidate} of {list(record.parents)}: {what} = {record.graph[:12]}, {verdict}")
    return lines


def imagine_all() -> dict[str, Any]:
    """Return the story of every search with every chooser."""
    return {f"{s.name} {c.name}": imagine(s.name, c.name) for s in SEARCHES if has_chooser(s.name) for c in CHOOSERS}


def write_proposals() -> None:
    """Write the golden proposals."""
    FILE.write_text(json.dumps(imagine_all(), indent=1) + "\n")
