"""Chooser: decides which change of the current model to try next, and says why in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Operator, Site
from valpnas.contracts.past import Past
from valpnas.contracts.search import Workbench
from valpnas.errors import blamed
from valpnas.graph.valp import Valp


@dataclass(frozen=True)
class Situation:
    """What a chooser decides on: the current candidate, and what was tried from it without success.

    ``tried``: variants and sites rejected since the current structure was adopted; ``set_aside``: their variants.
    ``peers``: the objectives of the other members of a population, by number; empty in a search of one model.
    ``objectives``: its own, where there are peers. ``history``: every candidate told so far, the starts included; empty
    in a population. ``refused``: changes that were asked for in this very choice, but whose models may not be trained,
    and why in a few words; they count as tried. ``kept``: the objectives of earlier models of a search of one, by
    number: its archive. They may give to operators that take ``from_archive``. ``steps_left``: how many there are, this
    one among them; None in a population. ``decays``: whether this one is in the final decay of the learning rate.
    """

    candidate: int
    valp: Valp
    bench: Workbench
    tried: frozenset[tuple[str, Site]]
    set_aside: frozenset[str]
    peers: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    objectives: Mapping[str, float] = field(default_factory=dict)
    history: Sequence[Past] = ()
    refused: Mapping[tuple[str, Site], str] = field(default_factory=dict)
    kept: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    steps_left: int | None = None
    decays: bool = False

    @property
    def operators(self) -> Mapping[str, Operator]:
        """Every variant there are enough models for: those of scope crossover need one that gives."""
        every = self.bench.operators
        return {name: it for name, it in every.items() if it.scope != "crossover" or self._donors(it)}

    def donors(self, variant: str) -> Mapping[int, Mapping[str, float]]:
        """Return the objectives of those who may give to ``variant``, by number; of nobody where it takes nothing."""
        return self._donors(self.bench.operators[variant]) if variant in self.bench.operators else {}

    def _donors(self, operator: Operator) -> Mapping[int, Mapping[str, float]]:
        if operator.scope != "crossover":
            return {}
        return {**self.peers, **self.kept} if operator.from_archive else self.peers

    def findings(self, diagnostics: Sequence[str]) -> tuple[Finding, ...]:
        """What the named diagnostics see in the current model, which is compared with its ``peers`` if it has any."""
        scored = {self.candidate: self.objectives, **self.peers} if self.peers else None
        return self.bench.findings(self.candidate, diagnostics, scored)

    def untried(self, variant: str) -> list[Site]:
        """Return the legal sites of ``variant`` that were not tried yet; empty for an operator that is not there."""
        if variant not in self.operators:
            return []
        with blamed(f"operator {variant!r}, asked for its sites,", "mend it and resume the run"):
            return [site for site in self.operators[variant].sites(self.valp) if (variant, site) not in self.tried]

    def donor(self, variant: str, site: Site, order: Iterable[int]) -> int | None:
        """Return the first model in ``order`` that has something to give at ``site``; None when none has."""
        operator = self.operators[variant]
        with blamed(f"operator {variant!r}, asked for a donor,", "mend it and resume the run"):
            return next((peer for peer in order if operator.fits(self.valp, self.bench.valp(peer), site)), None)


class Chooser(ABC):
    """A chooser; its parameters are constructor arguments, and it keeps no state of its own."""

    name: ClassVar[str]
    learns: ClassVar[bool] = False  # whether it learns from the history of a run

    @property
    def finishes(self) -> bool:
        """Whether it is asked in the final decay too, where nothing new is learnt any more."""
        return False

    @abstractmethod
    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return the change to try, or why the current model is to be trained further without one."""
