"""relative_performance: in which outputs is a model better, and in which worse, than its peers?

Per output, the share of the peers that are better on validation rows, ties counting half::

    rank = (peers with a lower objective + half of those with an equal one) / peers                0 = best, 1 = worst

Source: [VALP] IV-B.5 and IV-E.5: "a model with all but one output in the higher part of their corresponding rankings
could become the host of the exclusive subgraph of a model with a high rank in that specific output ranking". Peers are
the other candidates of the run; in hill climbing, earlier stages of the search, as IV-B proposes.

The "higher part" of a ranking is its better half, which does not depend on the scale of any objective, nor on how many
peers there are. So whoever hosts is in the worse half in that output: a peer of the better half has more to give than
it has, unless both are equal. Who chooses a donor has to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding


@dataclass(frozen=True)
class RelativePerformance(Diagnostic):
    """Names the outputs in which a model is strong, and the weak one of a model that is good at all the others.

    ``strong``: rank up to which an output is a STRONG_OUTPUT; ``middle``: rank below which a model is in the higher
    part, and the only output in which it is beyond is a WEAK_OUTPUT; ``fewest``: fewer peers than this are no ranking;
    ``nearest``: compares with so many peers, those nearest in number, for others have been trained much longer or much
    shorter.
    """

    strong: float = 0.25
    middle: float = 0.5
    fewest: int = 3
    nearest: int = 50
    name: ClassVar[str] = "relative_performance"
    emits: ClassVar[Mapping[str, str]] = {"WEAK_OUTPUT": "treat", "STRONG_OUTPUT": "protect"}
    compares: ClassVar[bool] = True

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:  # noqa: ARG002 - draws nothing
        """Return at most one finding per output; cost: microseconds, no pass of the model."""
        peers = self._peers(view)
        if not view.objectives or len(peers) < self.fewest:
            return []
        ranks = {output: _rank(view.objectives[output], [p[output] for p in peers]) for output in view.valp.tasks}
        strong = [output for output, rank in ranks.items() if rank <= self.strong]
        found = [self._finding("STRONG_OUTPUT", o, ranks[o], view, peers) for o in strong]
        lower = [output for output, rank in ranks.items() if rank >= self.middle]
        if len(ranks) > len(lower) == 1 and ranks[lower[0]] > self.middle:
            found.append(self._finding("WEAK_OUTPUT", lower[0], ranks[lower[0]], view, peers))
        return found

    def _peers(self, view: ModelView) -> list[Mapping[str, float]]:
        """Return the peers compared with, in the order of their numbers."""
        numbers = sorted(view.peers)
        here = int(np.searchsorted(numbers, view.candidate))
        by_distance = sorted(range(len(numbers)), key=lambda i: (abs(i + 0.5 - here), i))
        return [view.peers[numbers[i]] for i in sorted(by_distance[: self.nearest])]

    def _finding(
        self, kind: str, output: str, rank: float, view: ModelView, peers: Sequence[Mapping[str, float]]
    ) -> Finding:
        evidence = {
            "rank": rank,
            "peers": float(len(peers)),
            "objective": view.objectives[output],
            "median of peers": float(np.median([peer[output] for peer in peers])),
        }
        strength = abs(2 * rank - 1)
        return Finding(kind, "", output, strength, evidence, "protect" if kind == "STRONG_OUTPUT" else "treat")


def _rank(objective: float, others: Sequence[float]) -> float:
    better = sum(other < objective for other in others)
    equal = sum(other == objective for other in others)
    return (better + equal / 2) / len(others)
