"""change_bs: another batch size ([VALP] V-C)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import Valp
from valpnas.networks.draft import Draft

SMALLEST, LARGEST = 16, 512


@dataclass(frozen=True)
class ChangeBs(Operator):
    """Halve (rounding down) or double the batch size within [16, 512]; a site's place is "halve" or "double"."""

    name: str = "change_bs"
    scope: Scope = "hyperparameter"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return the directions that stay in the range."""
        return [Site(place=place) for place, size in _sizes(valp).items() if SMALLEST <= size <= LARGEST]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Change the batch size."""
        draft = Draft(parents[0], rng)
        draft.valp = replace(draft.valp, batch_size=_sizes(draft.valp)[site.place])
        return draft.finish()


def _sizes(valp: Valp) -> dict[str, int]:
    return {"halve": valp.batch_size // 2, "double": valp.batch_size * 2}
