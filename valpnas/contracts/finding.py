"""Finding and Estimate: what a diagnostic says about a model, in words that rules can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from valpnas.contracts.operator import Site

Advice = Literal["treat", "protect", "none"]


@dataclass(frozen=True)
class Finding:
    """One thing a diagnostic saw.

    ``kind`` such as ``STUCK`` or ``IRRELEVANT``; ``component`` the sub-network or input it is about (empty for an
    output as such); ``output`` the output it is about (empty when it holds for all); ``strength`` in [0, 1];
    ``evidence`` the numbers behind it, by name; ``advice`` whether to treat the place, to protect it, or neither.
    ``hint``: rows of numbers that a change of the place can begin from, by the names that the operator has for them.
    """

    kind: str
    component: str = ""
    output: str = ""
    strength: float = 1.0
    evidence: Mapping[str, float] = field(default_factory=dict)
    advice: Advice = "none"
    hint: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep rows as tuples, so that what comes back from JSON is equal."""
        object.__setattr__(self, "hint", {name: tuple(row) for name, row in self.hint.items()})

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; a hint only where there is one."""
        data = asdict(self)
        return data if self.hint else {key: value for key, value in data.items() if key != "hint"}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Finding:
        """Read what ``to_json`` wrote."""
        return Finding(**data)

    def __str__(self) -> str:
        """Say the finding in a sentence fragment: "n2 is IRRELEVANT for class (ratio 1.02)"."""
        about = self.component or f"output {self.output}"
        to = f" for {self.output}" if self.component and self.output else ""
        numbers = ", ".join(f"{name} {value:.3g}" for name, value in self.evidence.items())
        return f"{about} is {self.kind}{to}" + (f" ({numbers})" if numbers else "")


@dataclass(frozen=True)
class Estimate:
    """What a diagnostic expects of one variant at one place: gain in the output's log objective, with its error."""

    variant: str
    site: Site
    output: str
    gain: float
    stderr: float
