"""The workbench of a run: what a search may use while it asks, with the seconds diagnostics take kept apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from valpnas import catalog
from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator
from valpnas.contracts.problem import Problem
from valpnas.contracts.search import ModelTraits
from valpnas.contracts.space import Space
from valpnas.errors import blamed
from valpnas.graph.valp import Valp
from valpnas.predictors.model_traits import model_traits
from valpnas.seeding import stream
from valpnas.store.replay import Asked
from valpnas.training.data import Prepared
from valpnas.training.objectives import Losses
from valpnas.training.view import HeldOutView

Scored = Mapping[int, Mapping[str, float]]

# Candidates whose findings, traits and graphs are kept in memory: a search of many looks at few of them again.
_REMEMBERED = 256


class Shelf(Protocol):
    """Where models and results come from: a run directory, or a single model that belongs to no run."""

    def model(self, candidate: int) -> Model:
        """Return a kept candidate's model."""

    def valp(self, candidate: int) -> Valp:
        """Return a candidate's graph alone."""

    def replay(self) -> Iterable[Asked]:
        """Return the jobs the search was told the results of, in the order of telling."""


class RunWorkbench:
    """Implements ``contracts.search.Workbench`` over a run directory; looks at each model once."""

    def __init__(
        self,
        store: Shelf,
        prepared: Prepared,
        losses: Losses,
        space: Space,
        operators: Mapping[str, Operator],
        seed: int,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Work on the run that ``store`` holds; ``note`` takes what the search tells a person."""
        self._store, self._prepared, self._losses, self._seed = store, prepared, losses, seed
        self.space = space
        self.operators = operators
        self.note = note
        self.diagnostic_seconds = 0.0
        self.seconds: dict[tuple[int, str], float] = {}  # of each diagnostic's last look at a candidate
        self._findings: dict[tuple[int, str], tuple[Finding, ...]] = {}
        self._valp = lru_cache(_REMEMBERED)(store.valp)
        self._traits: dict[int, ModelTraits] = {}  # an lru_cache would refer to this object: a cycle that keeps weights
        self._view: tuple[int, HeldOutView] | None = None
        self._latest: tuple[int, Model] | None = None  # models are large: only the one looked at last is kept in memory

    @property
    def problem(self) -> Problem:
        """The problem searched on."""
        return self._prepared.problem

    def model(self, candidate: int) -> Model:
        """The trained model of a kept candidate."""
        if self._latest is None or self._latest[0] != candidate:
            self._latest = (candidate, self._store.model(candidate))
        return self._latest[1]

    def valp(self, candidate: int) -> Valp:
        """The graph of a candidate; read once, and no weights with it."""
        return self._valp(candidate)

    def findings(self, candidate: int, diagnostics: Sequence[str], scored: Scored | None = None) -> tuple[Finding, ...]:
        """What the named diagnostics see in that model; each looks once, with a random stream of its own.

        Those that compare do so with the candidates in ``scored``, or else with every other one of the run.

        Raises:
            PluginError: a diagnostic raised something, or returned something else than findings.
        """
        started = time.perf_counter()
        missing = [name for name in diagnostics if self._outdated(candidate, name)]
        if missing:
            view = self._view_of(candidate, any(catalog.diagnostic(name).compares for name in missing), scored)
            for name in missing:
                self._look(view, name)
        self.diagnostic_seconds += time.perf_counter() - started
        return tuple(finding for name in diagnostics for finding in self._findings[candidate, name])

    def traits(self, candidate: int) -> ModelTraits:
        """The traits of that model, computed once; their seconds are those of the diagnostics."""
        started = time.perf_counter()
        if candidate not in self._traits:
            self._traits[candidate] = model_traits(self._view_of(candidate, False, None))
            while len(self._traits) > _REMEMBERED:
                del self._traits[next(iter(self._traits))]
        self.diagnostic_seconds += time.perf_counter() - started
        return self._traits[candidate]

    def _look(self, view: HeldOutView, name: str) -> None:
        started = time.perf_counter()
        with blamed(f"diagnostic {name!r}, looking at candidate {view.candidate},", "mend it and resume the run"):
            seen = catalog.diagnostic(name).examine(view, self.rng(view.candidate, f"diagnose {name}"))
            self._findings[view.candidate, name] = _findings_only(seen)
        self._forget()
        self.seconds[view.candidate, name] = time.perf_counter() - started

    def _forget(self) -> None:
        """Forget what was seen first; it can be looked at again."""
        while len({candidate for candidate, _ in self._findings}) > _REMEMBERED:
            oldest = next(iter(self._findings))[0]
            for table in (self._findings, self.seconds):
                for key in [key for key in table if key[0] == oldest]:
                    del table[key]

    def _view_of(self, candidate: int, compares: bool, scored: Scored | None) -> HeldOutView:
        """Return the view of a candidate, with its peers where a diagnostic compares; without, the latest is kept.

        Only complete batches of jobs count as peers: a resumed search, which asks again for the rest of a batch, then
        sees the same ones.
        """
        if compares:
            peers = dict(self._told() if scored is None else scored)
            own = peers.pop(candidate, {})
            return HeldOutView(self.model(candidate), self._prepared, self._losses, candidate, own, peers)
        if self._view is None or self._view[0] != candidate:
            view = HeldOutView(self.model(candidate), self._prepared, self._losses, candidate)
            self._view = (candidate, view)
        return self._view[1]

    def _told(self) -> Scored:
        """Return the objectives of every trained candidate that the search was told of: reads the whole journal."""
        told = [result for asked in self._store.replay() for result in asked.told()]
        return {result.candidate: result.objectives for result in told if not result.failed}

    def _outdated(self, candidate: int, name: str) -> bool:
        """Whether a diagnostic is to look (again): what compares sees other peers each time."""
        return (candidate, name) not in self._findings or catalog.diagnostic(name).compares

    def rng(self, candidate: int, purpose: str) -> np.random.Generator:
        """The random stream of a candidate for one purpose."""
        return stream(self._seed, candidate, purpose)


def _findings_only(seen: Iterable[object]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    for each in seen:
        if not isinstance(each, Finding):
            raise TypeError(f"expected findings, got a {type(each).__name__}")
        findings.append(each)
    return tuple(findings)
