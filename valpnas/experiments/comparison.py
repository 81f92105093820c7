"""The comparison: arms, how many pairs of runs, and what all of them share; every flag of ``compare`` is a key here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import isfinite
from typing import Any

from valpnas.config import RunConfig
from valpnas.config_tables import config_from, given_by, overridden
from valpnas.errors import ConfigError, UnknownNameError, ValpnasError
from valpnas.experiments.arms import Arm

TUNING_SEEDS = 1_000_000  # tuning runs have the seeds from here on, reported pairs those below


@dataclass(frozen=True)
class Options:
    """The keys of a comparison that are no keys of a run file.

    Each arm is run at every combination of ``tune_rates`` and ``tune_decays`` on ``tune_pairs`` seeds of their own,
    and validation picks. ``checkpoints`` are steps; ``against`` compares each arm with that one only, not all with
    all; ``figure_arms`` are those whose common Pareto fronts are counted (all when empty).
    """

    pairs: int = 10
    checkpoints: tuple[int, ...] = (10, 20, 30, 60)
    against: str = ""
    figure_arms: tuple[str, ...] = ()
    tune_rates: tuple[float, ...] = ()
    tune_decays: tuple[float, ...] = ()
    tune_pairs: int = 1

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for numbers no comparison can be made with."""
        for name in ("pairs", "tune_pairs"):
            if not 1 <= getattr(self, name) <= TUNING_SEEDS:
                raise ConfigError(f"{name}: expected 1 to {TUNING_SEEDS:,}, got {getattr(self, name)}")
        if any(step < 1 for step in self.checkpoints):
            raise ConfigError(f"checkpoints: expected steps from 1 on, got {list(self.checkpoints)}")
        if not all(rate > 0 and isfinite(rate) for rate in self.tune_rates):
            raise ConfigError(f"tune_rates: expected positive learning rates, got {list(self.tune_rates)}")
        if not all(0 < decay <= 1 for decay in self.tune_decays):
            raise ConfigError(f"tune_decays: expected parts of a run in (0, 1], got {list(self.tune_decays)}")

    @property
    def candidates(self) -> tuple[dict[str, float], ...]:
        """What tuning tries: run-file keys for each combination; none when nothing is tuned."""
        axes = {"learning_rate": self.tune_rates, "final_decay": self.tune_decays}
        used = {key: sorted(set(values)) for key, values in axes.items() if values}
        return tuple(dict(zip(used, values, strict=True)) for values in product(*used.values())) if used else ()


@dataclass(frozen=True)
class Comparison:
    """Arms to be run as pairs: the runs of a pair share the seed and with it the random start."""

    shared: Mapping[str, Any]
    arms: tuple[Arm, ...]
    options: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        """Raise ``ValpnasError`` unless there are two arms or more, each of which makes a run file."""
        names = [arm.name for arm in self.arms]
        if len(names) < 2 or len(set(names)) < len(names):
            got = ", ".join(names) or "none"
            raise ConfigError(
                f"expected at least two arms with names of their own, got {got}; give --choosers or --arms"
            )
        for name in filter(None, (self.options.against, *self.options.figure_arms)):
            if name not in names:
                raise UnknownNameError("arm", name, names)
        if all(arm.like_winner for arm in self.arms):
            raise ConfigError("start_parameters: expected an arm of its own size to be the winner, got none; add one")
        for arm in self.arms:
            self._check(arm)

    def config(self, arm: Arm, number: int, chosen: Mapping[str, Any], tuning: bool = False) -> RunConfig:
        """Return the run file of an arm in a pair; ``chosen`` are the keys that tuning and the winner decided.

        Of a table that all arms share, an arm's own has only the keys that it gives. Keys that all arms share are given
        to none: an arm's search leaves those that it does not take to the others. They are settled nevertheless.
        """
        first = int(self.shared.get("seed", 0)) + (TUNING_SEEDS if tuning else 0)
        size = {"start_parameters": 0} if arm.like_winner else {}
        own = {**arm.run_keys, **size, **chosen, "seed": first + number, "quiet": True}
        config = config_from(overridden(self.shared, own))
        return replace(config, given=given_by(arm.run_keys), settled=config.given)

    def _check(self, arm: Arm) -> None:
        tuned = sorted({key for candidate in self.options.candidates for key in candidate} & set(arm.keys))
        if tuned:
            raise ConfigError(f"arms.{arm.name}: expected no key {tuned[0]!r}, which is tuned alike for all arms")
        try:
            self.config(arm, 0, {})
        except ValpnasError as error:
            raise ConfigError(f"arms.{arm.name}: {error}") from error
        if "as_long_as" in arm.keys:
            self._check_length(arm)

    def _check_length(self, arm: Arm) -> None:
        """Raise ``ValpnasError`` unless ``as_long_as`` names an arm whose seconds are known before this one's runs."""
        others = {other.name: other for other in self.arms if other.name != arm.name}
        if arm.as_long_as not in others:
            raise UnknownNameError(f"arm in arms.{arm.name}.as_long_as", arm.as_long_as, others)
        other, where = others[arm.as_long_as], f"arms.{arm.name}.as_long_as"
        if other.as_long_as or (other.like_winner and not arm.like_winner):
            raise ConfigError(
                f"{where}: expected an arm with steps and size of its own, got {other.name}; name another"
            )
        if not self.options.candidates:
            raise ConfigError(
                f"{where}: expected tune_rates, whose runs say how long a batch takes, got none; add some"
            )
        if self.config(arm, 0, {}).search != "hill-climbing":
            raise ConfigError(f"{where}: expected a search that counts steps, got a population; leave it out")
