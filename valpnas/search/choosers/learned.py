"""learned: what a model fitted to an experiment, and then to the run itself, expects to gain most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.past import Past
from valpnas.predictors.gain_table import change_of
from valpnas.predictors.learned import Learned, Told
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.predictors.rewards import COST_SHARE, HORIZON, rewards
from valpnas.predictors.shipped import learned
from valpnas.search.choosers.places import DIGITS, priced_places
from valpnas.search.choosers.random import used_up


class LearnedChooser(Chooser):
    """Take the change with the highest expected gain, if that is above 0."""

    name: ClassVar[str] = "learned"
    learns: ClassVar[bool] = True

    def __init__(self, prior: Learned | None = None) -> None:
        """Begin with ``prior``, which is what the table of gains says if not given."""
        self._prior = prior or learned(PLACE_TRAITS)

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return the most promising change, or Continue when none promises anything."""
        run = run_rows(situation.history, self._prior.scale.names)
        known = self._prior.told(run)
        found = priced_places(situation, known.growths, rng)
        best: tuple[float, float, str, int] | None = None
        for change, places in found.items():
            means, errors = known.expected(change, [place.traits for place in places])
            top = int(means.round(DIGITS).argmax())
            if best is None or means[top] > best[0]:
                best = float(means[top]), float(errors[top]), change, top
        if best is None:
            return used_up(situation, "change that was measured")
        mean, error, change, top = best
        place = found[change][top]
        said = (
            f"{place.variant} at {str(place.site).strip()} is expected to gain {mean:+.3f} +- {error:.3f}, "
            f"by {len(run)} changes of this run and an experiment; "
            f"what moves it most: {known.because(change, place.traits)}"
        )
        if mean <= 0:
            return Continue(f"no change is expected to gain more than training does; the best: {said}")
        return Proposal(place.variant, place.site, said, features={"expected gain": mean, **place.traits})


def run_rows(history: Sequence[Past], names: Sequence[str]) -> list[Told]:
    """Return the changes of a run whose rewards are known, with the traits that their places had."""
    found = rewards(history, HORIZON, COST_SHARE)
    return [
        Told(change_of(made.variant, made.site.setting), made.features, found[past.candidate])
        for past in history
        if past.candidate in found and (made := past.proposal) and {*names} <= made.features.keys()
    ]
