"""bandit: Thompson sampling - changes that have paid in this run are made again, doubtful ones are tried out."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.predictors.bandit import BANDIT_TRAITS, sampled
from valpnas.predictors.learned import Learned, ignorant
from valpnas.predictors.shipped import calibration, gain_table, learned
from valpnas.search.choosers.learned import run_rows
from valpnas.search.choosers.places import DIGITS, priced_places
from valpnas.search.choosers.random import used_up

_SPREAD = 0.05  # of gains in log loss, where nothing is known: what most gentle changes keep within


class Bandit(Chooser):
    """Take the change whose gain, drawn from what is believed of its kind, is highest, if it is above 0.

    The reward of a change is what it brought beyond training at equal cost (``valpnas.predictors.rewards``).
    """

    name: ClassVar[str] = "bandit"
    learns: ClassVar[bool] = True

    def __init__(self, prior: Literal["table", "none"] = "table", beliefs: Learned | None = None) -> None:
        """Begin with what the table of gains says, with no knowledge (``prior="none"``), or with ``beliefs``."""
        if beliefs is None and prior == "table":
            beliefs = learned(BANDIT_TRAITS)
        self._prior = beliefs or ignorant(gain_table(), calibration().horizon, BANDIT_TRAITS, _SPREAD)

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return the change that its draw favours, or Continue when all draws are losses."""
        run = run_rows(situation.history, self._prior.scale.names)
        known = self._prior.told(run)
        found = priced_places(situation, known.growths, rng)
        if not found:
            return used_up(situation, "change that was measured")
        drawn = sampled(known, {change: [p.traits for p in places] for change, places in found.items()}, rng)
        change = max(drawn, key=lambda each: float(drawn[each].max()))
        draw, place = float(drawn[change].max()), found[change][int(drawn[change].round(DIGITS).argmax())]
        (mean,), (error,) = known.expected(change, [place.traits])
        seen = sum(row.change == change for row in run)
        said = (
            f"{place.variant} at {str(place.site).strip()} drew a gain of {draw:+.3f} from {mean:+.3f} +- {error:.3f}, "
            f"after {seen} such changes of this run"
        )
        if draw <= 0:
            return Continue(f"every change drew a loss against training; the best: {said}")
        features = {name: place.traits[name] for name in self._prior.scale.names}
        return Proposal(place.variant, place.site, said, features={"expected gain": float(mean), **features})
