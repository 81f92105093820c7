"""guided-calibrated: what gained, in an experiment on other models, at places like these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.predictors.calibration import Calibration, Expected
from valpnas.predictors.shipped import calibration
from valpnas.search.choosers.places import Place, priced_places
from valpnas.search.choosers.random import used_up

Option = tuple[Place, Expected]


class GuidedCalibrated(Chooser):
    """Draw among the changes that surely gained where thresholds, found on other problems, put them.

    A change surely gained when the mean over models is above its standard error. Kinds of change - a change on one
    side of its threshold - are drawn in proportion to their gain, so that the best is no monopoly; then the place.
    """

    name: ClassVar[str] = "guided-calibrated"

    def __init__(self, known: Calibration | None = None) -> None:
        """Go by the figures ``known``, those that come with the package if not given."""
        self._known = known or calibration()

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return a change that is expected to gain, or Continue when none surely does."""
        options = self._options(situation, rng)
        gaining = [option for option in options if option[1].effect.least > 0]
        if not gaining:
            return Continue(_why_not(options)) if options else used_up(situation, "change that was measured")
        kinds = sorted({(expected.effect.gain, expected.reason) for _, expected in gaining})
        gains = np.array([gain for gain, _ in kinds])
        _, reason = kinds[int(rng.choice(len(kinds), p=gains / gains.sum()))]
        like = [option for option in gaining if option[1].reason == reason]
        place, expected = like[int(rng.integers(len(like)))]
        said = f"{reason}; drawn among {len(kinds)} kinds of change that gained, {len(like)} places"
        features = {"expected gain": expected.effect.gain, **place.traits}
        return Proposal(place.variant, place.site, said, features=features)

    def _options(self, situation: Situation, rng: np.random.Generator) -> list[Option]:
        growths = {change: effect.parameters for change, effect in self._known.effects.items()}
        found = priced_places(situation, growths, rng)
        return [
            (place, expected)
            for change, places in found.items()
            for place in places
            if (expected := self._known.expected(change, place.traits))
        ]


def _why_not(options: Sequence[Option]) -> str:
    best = max((expected for _, expected in options), key=lambda expected: expected.effect.least)
    return f"no change surely gains more than training does; the best: {best.reason}"
