"""Plug-ins that break, each in its own way; a run file names them ``tests.bad_input.broken_plugins:Name``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Aggressiveness, Effect, Operator, Scope, Site
from valpnas.graph.valp import Valp


class Raising(Chooser):
    """Raises."""

    name: ClassVar[str] = "raising"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:  # noqa: ARG002
        """Raise, over two lines."""
        raise ZeroDivisionError("by design\nand at length")


class InWords(Chooser):
    """Proposes in words."""

    name: ClassVar[str] = "in-words"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Any:  # noqa: ARG002
        """Return no proposal."""
        return "add a layer"


class Misspelt(Chooser):
    """Proposes an operator that is not there."""

    name: ClassVar[str] = "misspelt"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:  # noqa: ARG002
        """Propose it."""
        return Proposal("add_layer/gentel", Site(), "because")


class Deaf(Chooser):
    """Proposes the same whatever was tried."""

    name: ClassVar[str] = "deaf"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:  # noqa: ARG002
        """Propose the first place of an operator that makes a model larger."""
        operator = situation.operators["clone_network/gentle"]
        return Proposal(operator.name, operator.sites(situation.valp)[0], "because")


class Looking(Chooser):
    """Looks through a diagnostic before it trains further."""

    name: ClassVar[str] = "looking"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:  # noqa: ARG002
        """Look."""
        situation.findings(["tests.bad_input.broken_plugins:Blind"])
        return Continue("looking was all")


@dataclass(frozen=True)
class Blind(Diagnostic):
    """Raises."""

    name: ClassVar[str] = "blind"
    emits: ClassVar[Mapping[str, str]] = {}

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:  # noqa: ARG002
        """Raise."""
        raise KeyError("n7")


@dataclass(frozen=True)
class Silent(Diagnostic):
    """Returns words for findings."""

    name: ClassVar[str] = "silent"
    emits: ClassVar[Mapping[str, str]] = {}

    def examine(self, view: ModelView, rng: np.random.Generator) -> Any:  # noqa: ARG002
        """Return no findings."""
        return ["it is stuck"]


@dataclass(frozen=True)
class Idle(Operator):
    """Returns nothing."""

    name: str = "idle"
    scope: Scope = "macro"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return one place per sub-network."""
        return [Site((network.id,)) for network in valp.networks]

    def apply(self, *_: Any) -> Any:
        """Return nothing."""
        return None


@dataclass(frozen=True)
class Homeless(Idle):
    """Has no places, not even an empty list of them."""

    name: str = "homeless"

    def sites(self, valp: Valp) -> Any:  # noqa: ARG002
        """Return nothing."""
        return None


class OnlyIdle(Chooser):
    """Proposes the operator that returns nothing."""

    name: ClassVar[str] = "only-idle"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:  # noqa: ARG002
        """Propose its first untried place."""
        sites = situation.untried("idle")
        return Proposal("idle", sites[0], "because") if sites else Continue("no place is left")
