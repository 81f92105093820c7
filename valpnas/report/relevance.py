"""Relevance of components to outputs, and findings in order, each with what it asks for; from any diagnostic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from valpnas.contracts.finding import Finding
from valpnas.search.choosers.rules import REMEDIES, RULES

Ratios = dict[str, dict[str, float]]

_RATIO = "ratio"  # what interventions call the loss after them divided by the loss before
_FIRST = ("treat", "protect", "none")


@dataclass(frozen=True)
class Ranked:
    """A finding and what there is to do about it; ``asks`` is empty where no rule speaks of it."""

    finding: Finding
    asks: tuple[tuple[str, str], ...]  # (operator, because)


def ratios(findings: Sequence[Finding]) -> Ratios:
    """Return by component and output by how much the output's loss grows when the component is disturbed.

    Read from the evidence of findings about a component: ``ratio`` is about the finding's output, ``ratio <output>``
    about the one it names; ``ratio of <...>``, about a part of the component, is left out. Of several the largest
    counts, for a finding about a part measures that part alone. What no finding measured is not there.
    """
    found: Ratios = {}
    for finding in findings:
        if not finding.component:
            continue
        for name, value in finding.evidence.items():
            what, _, named = name.partition(" ")
            if what == _RATIO and " " not in named and (output := named or finding.output):
                known = found.setdefault(finding.component, {})
                known[output] = max(float(value), known.get(output, 0.0))
    return found


def ranked(findings: Sequence[Finding]) -> list[Ranked]:
    """Return the findings to treat first, then those to protect, each by falling strength."""
    ordered = sorted(findings, key=lambda f: (_FIRST.index(f.advice), -f.strength, f.kind, f.component, f.output))
    return [Ranked(finding, _asked(finding.kind)) for finding in ordered]


def evidence_in_words(evidence: Mapping[str, float]) -> str:
    """Return the numbers behind a finding, short."""
    return ", ".join(f"{name} {_number(value)}" for name, value in evidence.items())


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"


def _asked(kind: str) -> tuple[tuple[str, str], ...]:
    return tuple((rule.variant, rule.because) for rule in (*RULES, *REMEDIES) if rule.finding == kind)
