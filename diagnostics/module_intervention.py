"""module_intervention: what does each output lose when a sub-network forgets what it has learnt?

The sub-network's weights are drawn anew from normal distributions with the spread of the trained ones, and::

    ratio = median over draws of (held-out loss after + floor) / (held-out loss before + floor)

per output, losses in units of the constant predictor's. Source: [VALP] IV-B.2 and VII-B. A network is relevant to an
output whose loss gets worse by *more* than 20 % (the sentence in VII-C is inverted); draws of one network differ by a
factor of up to 20, hence the median, and only the irrelevant side is decidable (trial, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Advice, Finding
from valpnas.diagnostics._growth import Growth, growth
from valpnas.errors import ConfigError
from valpnas.graph.subgraphs import recomputed_share, served_outputs
from valpnas.graph.valp import Valp
from valpnas.seeding import torch_stream


def _reinitialised(trained: Tensor, generator: torch.Generator) -> Tensor:
    """Return weights normal around zero with the trained ones' root mean square."""
    return torch.randn(trained.shape, generator=generator).to(trained) * trained.square().mean().sqrt()


def _shuffled(trained: Tensor, generator: torch.Generator) -> Tensor:
    """Return the same numbers in other places."""
    order = torch.randperm(trained.numel(), generator=generator).to(trained.device)
    return trained.flatten()[order].reshape(trained.shape)


def _zeroed(trained: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ARG001 - as the others
    """Return zeros: the network then says the same of every row."""
    return torch.zeros_like(trained)


HOW: Mapping[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "reinitialise": _reinitialised,
    "shuffle": _shuffled,
    "zero": _zeroed,
}


@dataclass(frozen=True)
class ModuleIntervention(Diagnostic):
    """Classes each sub-network as RELEVANT, PARTLY_RELEVANT or IRRELEVANT, and names the outputs it is irrelevant to.

    ``draws``: interventions per network; ``relevant``: ratio above which an output relies on the network; ``floor``:
    added to both losses, so that a loss near zero gives no absurd ratio; ``newborn``: batches a network must have been
    trained before it can be called irrelevant - a fresh copy looks irrelevant because its twin still does the work, and
    would be deleted in the next step; ``learnt``: an output whose held-out loss lies above has learnt next to nothing
    that holds: nothing can be told of what it relies on, so it LEARNT_NOTHING and no network that serves it is called
    irrelevant as a whole; ``how``: "reinitialise", "shuffle" (each tensor's entries change places, which
    keeps their distribution) or "zero" (nothing is drawn, once is enough).

    Over its budget it draws less often, down to once; then it looks at the first networks only.
    """

    draws: int = 3
    relevant: float = 1.2
    floor: float = 0.01
    newborn: int = 500
    learnt: float = 0.95
    how: str = "reinitialise"
    name: ClassVar[str] = "module_intervention"
    emits: ClassVar[Mapping[str, str]] = {
        "RELEVANT": "protect",
        "PARTLY_RELEVANT": "treat",
        "IRRELEVANT_TO_OUTPUT": "treat",
        "IRRELEVANT": "treat",
        "NEWBORN": "protect",
        "LEARNT_NOTHING": "none",
    }

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for an intervention there is none of."""
        if self.how not in HOW:
            raise ConfigError(f"how: expected one of {', '.join(HOW)}, got {self.how!r}")

    def cost(self, view: ModelView) -> float:
        """Return the passes: per draw, those below each network looked at."""
        networks, draws = self._plan(view.valp)
        return draws * sum(recomputed_share(view.valp, network) for network in networks)

    def _plan(self, valp: Valp) -> tuple[list[str], int]:
        """Return the networks looked at and how often each is drawn, within the budget."""
        networks = [network.id for network in valp.networks]
        sums = np.cumsum([recomputed_share(valp, network) for network in networks])
        affordable = int(self.budget / sums[-1]) if networks else 0
        if affordable == 0:
            networks = networks[: int(np.searchsorted(sums, self.budget, side="right"))]
        return networks, min(1 if self.how == "zero" else self.draws, max(affordable, 1))

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:
        """Return the findings network by network; cost: a pass below the network per draw."""
        before = view.losses()
        blank = [output for output, loss in sorted(before.items()) if loss > self.learnt]
        findings = [Finding("LEARNT_NOTHING", output=output, evidence={"loss": before[output]}) for output in blank]
        networks, draws = self._plan(view.valp)
        for network in networks:
            drawn = [view.losses_with_tensors(network, self._redrawn(view, network, rng)) for _ in range(draws)]
            served = served_outputs(view.valp, network)
            grown = growth(before, drawn, [output for output in served if output not in blank], self.floor)
            findings += self._judge(network, grown, view.ages[network], everything=len(grown) == len(served))
        return findings

    def _redrawn(self, view: ModelView, network: str, rng: np.random.Generator) -> dict[str, Tensor]:
        generator = torch_stream(rng)
        return {name: HOW[self.how](trained, generator) for name, trained in view.tensors(network).items()}

    def _judge(self, network: str, grown: Mapping[str, Growth], age: int, everything: bool) -> list[Finding]:
        """Return what is said of a network; ``everything``: all outputs that it serves have learnt something."""
        needed = [output for output, found in grown.items() if found.ratio > self.relevant]
        spare = [output for output in grown if output not in needed]
        findings = [self._finding("RELEVANT", network, output, grown[output]) for output in needed]
        if spare and age < self.newborn:
            return [*findings, Finding("NEWBORN", network, evidence={"batches": float(age)}, advice="protect")]
        if not needed and everything:
            strength = min(self._spareness(found) for found in grown.values())
            return [Finding("IRRELEVANT", network, strength=strength, evidence=_evidence(grown), advice="treat")]
        findings += [self._finding("IRRELEVANT_TO_OUTPUT", network, output, grown[output]) for output in spare]
        if spare and needed:
            strength = max(self._spareness(grown[output]) for output in spare)
            findings.append(Finding("PARTLY_RELEVANT", network, "", strength, _evidence(grown), "treat"))
        return findings

    def _spareness(self, grown: Growth) -> float:
        """Return how sure it is that an output can spare a network: 0 at the threshold, 1 where nothing is lost."""
        return float(np.clip(np.log(self.relevant / grown.ratio) / np.log(self.relevant), 0.0, 1.0))

    def _finding(self, kind: str, network: str, output: str, grown: Growth) -> Finding:
        needed = kind == "RELEVANT"
        strength = min(1.0, float(np.log(grown.ratio / self.relevant))) if needed else self._spareness(grown)
        advice: Advice = "protect" if needed else "treat"
        evidence = {"ratio": grown.ratio, "spread": grown.spread}
        return Finding(kind, network, output, strength, evidence, advice)


def _evidence(grown: Mapping[str, Growth]) -> dict[str, float]:
    ratios = {f"ratio {output}": found.ratio for output, found in grown.items()}
    return ratios | {f"spread {output}": found.spread for output, found in grown.items()}
