"""Operator: a variation operator, a pure function from parents and a site to a changed model.

The kernel, not the operator's author, checks the contract (``vary``): the site must be legal, the result valid.
Function preservation is declared by ``aggressiveness`` and verified by ``valpnas.testing``.
Source: [VALP] sections IV-C and V.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from torch import Tensor

from valpnas.contracts.inheritance import inherit
from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.space import Space
from valpnas.errors import OperatorError
from valpnas.graph.validity import check_same_outputs, validate
from valpnas.graph.valp import Valp

Scope = Literal["micro", "macro", "hyperparameter", "crossover"]
Effect = Literal["extender", "reducer", "neutral"]
Aggressiveness = Literal["gentle", "aggressive"]
Hint = Mapping[str, Tensor]  # tensors that a chooser proposes for the new weights, by the operator's own names


@dataclass(frozen=True, order=True)
class Site:
    """A place to apply an operator: the components, arcs and outputs it touches, and where inside them.

    ``place`` is the operator's own word for the spot ("main.1", "halve"); empty when the components say it all.
    """

    components: tuple[str, ...] = ()
    arcs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[str, ...] = ()
    place: str = ""

    @property
    def setting(self) -> str:
        """What a change that touches nothing of the graph sets ("halve", "adamw"); else empty: ``place`` is a spot."""
        return "" if self.components or self.arcs else self.place

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back an equal site."""
        arcs = [list(arc) for arc in self.arcs]
        return {"components": list(self.components), "arcs": arcs, "outputs": list(self.outputs), "place": self.place}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Site:
        """Read what ``to_json`` wrote."""
        arcs = tuple((source, target) for source, target in data["arcs"])
        return Site(tuple(data["components"]), arcs, tuple(data["outputs"]), data["place"])

    def __str__(self) -> str:
        """Say the place in a few words."""
        parts = [*(f"{s} -> {t}" for s, t in self.arcs), *self.components, *(f"output {o}" for o in self.outputs)]
        return ", ".join(parts) + (f" ({self.place})" if self.place else "")


@dataclass(frozen=True)
class Operator(ABC):
    """A variant of a variation operator, such as ``clone_network/gentle``; made with the search's ``space``.

    ``effect`` is the operator's label; what a change does to the number of parameters is measured and used. One that is
    not ``drawn`` does harm unless something found speaks for it: choosers that draw blindly leave it alone. One of
    scope crossover that takes ``from_archive`` may have earlier models of the same search for donors, not only peers.
    A gentle one that ``resamples`` keeps every prediction and draws other samples.
    """

    drawn: ClassVar[bool] = True
    from_archive: ClassVar[bool] = False
    resamples: ClassVar[bool] = False

    name: str
    scope: Scope
    effect: Effect
    aggressiveness: Aggressiveness
    space: Space = field(default_factory=Space)

    @property
    def gentle(self) -> bool:
        """Whether the operator promises to keep the function the model computes."""
        return self.aggressiveness == "gentle"

    @abstractmethod
    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every legal place in ``valp``, in a fixed order; empty when there is none."""

    def takes(self, valp: Valp, site: Site) -> bool:
        """Say whether ``site`` is legal in ``valp``: one of ``sites``, or one that says more of what is to be done."""
        return site in self.sites(valp)

    def fits(self, host: Valp, donor: Valp, site: Site) -> bool:  # noqa: ARG002 - most operators take any donor
        """Say whether ``donor`` has something to give to ``host`` at ``site``; asked where the scope is crossover."""
        return True

    @abstractmethod
    def apply(self, parents: tuple[Model, ...], site: Site, hint: Hint | None, rng: np.random.Generator) -> Mutated:
        """Return the changed model: ``parents[0]`` is the one changed, a donor, where one is needed, ``parents[1]``."""


def vary(
    operator: Operator, parents: tuple[Model, ...], site: Site, rng: np.random.Generator, hint: Hint | None = None
) -> Model:
    """Apply ``operator`` and carry all state over; raises ``OperatorError`` for an illegal site.

    Raises ``OperatorError`` or ``InvalidValpError`` when the operator returned no change or a broken graph, which is a
    fault of the operator.
    """
    if not operator.takes(parents[0].valp, site):
        raise OperatorError(f"{operator.name}: expected one of its sites, got {site}; ask sites(valp) first")
    if operator.scope == "crossover":
        _check_donor(operator, parents, site)
    mutated = operator.apply(parents, site, hint, rng)
    if not isinstance(mutated, Mutated):
        got = type(mutated).__name__
        raise OperatorError(f"{operator.name}: expected apply to return a Mutated, got {got}; return draft.finish()")
    validate(mutated.valp)
    check_same_outputs(mutated.valp, parents[0].valp.tasks.items())
    return inherit(parents, mutated, gently=operator.gentle and operator.scope != "hyperparameter")


def _check_donor(operator: Operator, parents: tuple[Model, ...], site: Site) -> None:
    if len(parents) != 2:
        raise OperatorError(f"{operator.name}: expected a host and a donor, got {len(parents)} parents; name a donor")
    if not operator.fits(parents[0].valp, parents[1].valp, site):
        raise OperatorError(f"{operator.name}: expected a donor that fits at {site}; ask fits(host, donor, site) first")
