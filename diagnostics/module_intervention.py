"""module_intervention: what does each output lose when a sub-network forgets what it has learnt?

The sub-network's weights are drawn anew from normal distributions with the spread of the trained ones; the ratio of
the held-out loss after to that before, its median over several draws, says how much each output relies on it.
Source: [VALP] IV-B.2 and VII-B. A network is relevant to an output whose loss gets worse by *more* than 20 % (the
sentence in VII-C is inverted); draws of one network differ by a factor of up to 20, hence the median, and only the
irrelevant side is decidable (trial, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Advice, Finding
from valpnas.graph.subgraphs import served_outputs
from valpnas.seeding import torch_stream

Ratios = dict[str, float]

_MOST = 1e6


@dataclass(frozen=True)
class ModuleIntervention(Diagnostic):
    """Classes each sub-network as RELEVANT, PARTLY_RELEVANT or IRRELEVANT, and names the outputs it is irrelevant to.

    ``draws``: re-initialisations; ``relevant``: ratio above which an output relies on the network; ``floor``: added to
    both losses, in units of the constant predictor's loss, so that a loss near zero gives no absurd ratio;
    ``newborn``: batches a network must have been trained before it can be called irrelevant - a fresh copy looks
    irrelevant because its twin still does the work, and would be deleted in the next step.
    """

    draws: int = 3
    relevant: float = 1.2
    floor: float = 0.01
    newborn: int = 500
    name: ClassVar[str] = "module_intervention"
    emits: ClassVar[Mapping[str, str]] = {
        "RELEVANT": "protect",
        "PARTLY_RELEVANT": "treat",
        "IRRELEVANT_TO_OUTPUT": "treat",
        "IRRELEVANT": "treat",
        "NEWBORN": "protect",
    }

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:
        """Return the findings network by network; cost: ``draws`` passes below each network on the held-out rows."""
        before = view.losses()
        findings: list[Finding] = []
        for network in view.valp.networks:
            ratios = self._ratios(view, network.id, before, rng)
            findings += self._judge(network.id, ratios, view.ages[network.id])
        return findings

    def _ratios(self, view: ModelView, network: str, before: Mapping[str, float], rng: np.random.Generator) -> Ratios:
        """Return the median ratio of every output that the network serves."""
        after = [view.losses_with_tensors(network, _redrawn(view, network, rng)) for _ in range(self.draws)]
        ratios = {
            output: [(losses[output] + self.floor) / (before[output] + self.floor) for losses in after]
            for output in served_outputs(view.valp, network)
        }
        # A re-initialised network may overflow: that is as relevant as can be, and JSON knows no infinity.
        return {name: float(np.median(np.nan_to_num(drawn, nan=_MOST, posinf=_MOST))) for name, drawn in ratios.items()}

    def _judge(self, network: str, ratios: Ratios, age: int) -> list[Finding]:
        needed = {output: ratio for output, ratio in ratios.items() if ratio > self.relevant}
        spare = {output: ratio for output, ratio in ratios.items() if ratio <= self.relevant}
        findings = [self._finding("RELEVANT", network, output, ratio) for output, ratio in needed.items()]
        if spare and age < self.newborn:
            return [*findings, Finding("NEWBORN", network, evidence={"batches": float(age)}, advice="protect")]
        if not needed:
            return [
                Finding("IRRELEVANT", network, evidence={f"ratio {o}": r for o, r in spare.items()}, advice="treat")
            ]
        findings += [self._finding("IRRELEVANT_TO_OUTPUT", network, output, ratio) for output, ratio in spare.items()]
        if spare:
            findings.append(
                Finding(
                    "PARTLY_RELEVANT", network, evidence={f"ratio {o}": r for o, r in ratios.items()}, advice="treat"
                )
            )
        return findings

    def _finding(self, kind: str, network: str, output: str, ratio: float) -> Finding:
        strength = min(1.0, abs(np.log(ratio / self.relevant)))
        advice: Advice = "protect" if kind == "RELEVANT" else "treat"
        return Finding(kind, network, output, float(strength), {"ratio": ratio}, advice)


def _redrawn(view: ModelView, network: str, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """Return new weights for ``network``, normal around zero with each trained tensor's root mean square."""
    generator = torch_stream(rng)
    return {
        name: torch.randn(trained.shape, generator=generator).to(trained) * trained.square().mean().sqrt()
        for name, trained in view.tensors(network).items()
    }
