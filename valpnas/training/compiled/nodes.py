"""Nodes: the steps that a VALP's forward pass consists of, each making one value of ``size`` numbers per row.

A value is named after its node; the last node of a component carries the component's name. Inputs are values too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One matrix product of a sum: the value of ``source`` times the weight called ``tensor``."""

    source: str
    tensor: str


@dataclass(frozen=True)
class Affine:
    """``activation(bias + sum of terms + sum of the values in added)``; only linear ones have ``added``."""

    name: str
    component: str
    size: int
    terms: tuple[Term, ...]
    bias: str
    activation: str = "linear"
    added: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the values that enter."""
        return (*(term.source for term in self.terms), *self.added)


@dataclass(frozen=True)
class Latent:
    """A decoder's draw from N(mean, exp(log-variance)), the log-variance clipped."""

    name: str
    component: str
    size: int
    mean: str
    log_variance: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the values that enter."""
        return (self.mean, self.log_variance)


@dataclass(frozen=True)
class Foreign:
    """A network of a kind whose gradients no formula here knows: it runs through autograd."""

    name: str
    component: str
    size: int
    sources: tuple[str, ...]


Node = Affine | Latent | Foreign


def levels(nodes: list[Node]) -> dict[str, int]:
    """Return for each node how many nodes lie on the longest way to it; ``nodes`` are in topological order."""
    found: dict[str, int] = {}
    for node in nodes:
        found[node.name] = 1 + max((found.get(source, 0) for source in node.sources), default=0)
    return found
