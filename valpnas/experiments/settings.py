"""Settings: what a comparison's figures depend on, as plain data that a later sitting must agree with."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from valpnas.config import RunConfig, goes_by_size
from valpnas.errors import ConfigError
from valpnas.experiments.arms import LIKE_WINNER, SHARED, Arm
from valpnas.experiments.comparison import Comparison
from valpnas.search.build import ignored
from valpnas.store.files import explained

Settings = dict[str, Any]


def settings_of(comparison: Comparison, device: str) -> Settings:
    """Return the settings of ``comparison`` on a kind of device.

    How many pairs there are and which checkpoints are shown are none of them.
    """
    options = comparison.options
    first = comparison.config(comparison.arms[0], 0, {})
    return {
        "problem": first.problem,
        "seed": first.seed,
        "device": device,
        "against": options.against,  # it decides which comparisons are primary, beforehand
        "tune_rates": list(options.tune_rates),
        "tune_decays": list(options.tune_decays),
        "tune_pairs": options.tune_pairs if options.candidates else 0,
        "arms": {arm.name: _settings_of_arm(comparison, arm) for arm in comparison.arms},
    }


def check_equal(recorded: Settings, wanted: Settings, where: Path) -> None:
    """Raise ``ConfigError`` naming the first setting that differs; keys newer than the record count as defaults."""
    default = _plain(RunConfig(problem="", select="last"))  # a record from before there was a choice had no other
    arms = {name: _with_defaults(arm, default) for name, arm in recorded["arms"].items()}
    before, now = (_flat(_used(settings)) for settings in ({**recorded, "arms": arms}, wanted))
    for key in sorted({*before, *now}):
        if before.get(key, "none") != now.get(key, "none"):
            raise ConfigError(
                f"{where}: expected {key} = {before.get(key, 'none')!r} as in the figures that are there, "
                f"got {now.get(key, 'none')!r}; use the same settings, or another file"
            )


def _used(settings: Settings) -> Settings:
    """Return ``settings`` without what an arm's search does not take, and without sizes of starts that go by none."""
    return {**settings, "arms": {name: _without_idle(arm) for name, arm in settings["arms"].items()}}


def _without_idle(arm: Settings) -> Settings:
    idle = {*ignored(RunConfig(problem="", search=arm["search"]), arm)}
    if not goes_by_size(arm["start"]):
        idle.add("start_parameters")
    return {key: value for key, value in arm.items() if key not in idle}


def _settings_of_arm(comparison: Comparison, arm: Arm) -> Settings:
    """Return the run-file keys of an arm; those that tuning or the winner decide say so."""
    config = comparison.config(arm, 0, {})
    settings = _plain(config) | {key: "tuned" for candidate in comparison.options.candidates for key in candidate}
    if arm.like_winner:
        settings["start_parameters"] = LIKE_WINNER
    if arm.as_long_as:
        settings["as_long_as"] = arm.as_long_as
    if config.start.endswith(".json"):
        with explained(Path(config.start), "read"):
            settings["start_sha256"] = sha256(Path(config.start).read_bytes()).hexdigest()
    return settings


def _plain(config: RunConfig) -> Settings:
    data = {key: value for key, value in config.settings().items() if key not in SHARED}
    return {key: _listed(value) for key, value in data.items()}


def _listed(value: Any) -> Any:
    """Return tuples as the lists that JSON makes of them."""
    if isinstance(value, Mapping):
        return {key: _listed(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _with_defaults(arm: Settings, default: Settings) -> Settings:
    return {**default, **arm, "space": {**default["space"], **arm["space"]}}


def _flat(data: Mapping[str, Any], prefix: str = "") -> Settings:
    flat: Settings = {}
    for key, value in data.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
