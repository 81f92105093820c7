"""Protection: what findings ask to leave alone, and whether a change would touch it.

Source: module intervention tells what must not be touched, although it does not tell what helps (trial).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import Operator, Site
from valpnas.graph.subgraphs import altered_outputs
from valpnas.graph.valp import Valp
from valpnas.search.choosers.rules import priority

_REASONS = {
    "RELEVANT": "is needed",
    "INPUT_RELEVANT": "is needed",
    "ADDS_INFORMATION": "adds information",
    "NEWBORN": "is too young to tell",
}
_GENTLE = 2  # the priority of what takes nothing from anybody


def protection(valp: Valp, operator: Operator, site: Site, findings: Sequence[Finding]) -> str:
    """Return why ``operator`` must not be applied at ``site``, in words; empty where it may be.

    What keeps the function may be done anywhere; a reducer or an aggressive change touches nothing protected.
    """
    return "; ".join(said(protecting(valp, operator, site, findings)))


def protecting(valp: Valp, operator: Operator, site: Site, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that ask to leave alone what ``operator`` would touch at ``site``.

    It touches the site's components and outputs. Of an arc it takes the source from the target, so that a source
    counts by the outputs that the target serves; what is added to a target changes the target too.
    """
    if priority(operator) == _GENTLE:
        return []
    touched = set(_touched(valp, operator, site))
    return [f for f in findings if f.advice == "protect" and any(_about(f, *part) for part in touched)]


def said(findings: Sequence[Finding]) -> list[str]:
    """Return protections as clauses: ``n2 is needed for digit``, ``output digit is STRONG_OUTPUT``."""
    parts = [f"{component} {reasons}" for component, reasons in protections(findings).items()]
    whole = {(f.output, f.kind) for f in findings if not f.component}
    return parts + [f"output {output} is {kind}" for output, kind in sorted(whole)]


def protections(findings: Sequence[Finding]) -> dict[str, str]:
    """Return in words why parts are protected, by part: ``is needed for digit, sample; adds information for digit``."""
    asking: dict[str, dict[str, list[str]]] = {}
    for finding in findings:
        if finding.component and finding.advice == "protect":
            asking.setdefault(finding.component, {}).setdefault(finding.kind, []).append(finding.output)
    return {
        component: "; ".join(_reason(kind, sorted({*outputs} - {""})) for kind, outputs in sorted(kinds.items()))
        for component, kinds in sorted(asking.items())
    }


Part = tuple[str, str]  # a component and an output it is touched for; either may be empty, for none and for all


def _touched(valp: Valp, operator: Operator, site: Site) -> Iterator[Part]:
    yield from ((component, "") for component in site.components)
    yield from (("", output) for output in site.outputs)
    for source, target in site.arcs:
        yield from ((source, output) for output in altered_outputs(valp, target))
        if operator.effect != "reducer" and target in valp.specs:
            yield target, ""


def _about(finding: Finding, component: str, output: str) -> bool:
    return finding.component == component and (not output or finding.output in {"", output})


def _reason(kind: str, outputs: Sequence[str]) -> str:
    words = _REASONS.get(kind, f"is {kind}")
    return f"{words} for {', '.join(outputs)}" if outputs else words
