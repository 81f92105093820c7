"""Settings of the initial experiment: one TOML with the keys of a run file and those of the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from valpnas import catalog
from valpnas.config import KEYS, OF_THE_PLACE, RunConfig
from valpnas.config_tables import config_from, overridden
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.typed_tables import checked, read_toml

FORMAT = "valpnas-operators/1"


@dataclass(frozen=True)
class Options:
    """The keys of the experiment that are no keys of a run file.

    ``models`` random VALPs of two sub-networks per output are trained for ``initial_batches``. Each operator then
    changes clones of each at up to ``places`` sites (0: all), ``repeats`` times. Every clone, and the unchanged model
    beside it, is trained and judged after so many further batches as ``horizons`` say.
    """

    models: int = 20
    horizons: tuple[int, ...] = (100, 400, 1600)
    repeats: int = 2
    places: int = 3

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for numbers no experiment can be made with."""
        for name, least in {"models": 1, "repeats": 1, "places": 0}.items():
            if not least <= getattr(self, name) <= 1_000_000:
                raise ConfigError(f"{name}: expected {least} to 1,000,000, got {getattr(self, name)}")
        if not self.horizons or list(self.horizons) != sorted({*self.horizons}) or self.horizons[0] < 1:
            raise ConfigError(f"horizons: expected batches in rising order from 1 on, got {list(self.horizons)}")


@dataclass(frozen=True)
class GainSettings:
    """What is trained, and how; ``run`` holds problem, space, budget of the start, rates and seed."""

    run: RunConfig
    options: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a rate that is to be found: every model would have another."""
        if not self.run.learning_rate:
            raise ConfigError("learning_rate: expected a positive number, got 0; give the rate of all models")

    def to_json(self) -> dict[str, Any]:
        """Return all that the figures depend on, as plain data; how many models there are is none of it."""
        run = {key: value for key, value in self.run.settings().items() if key not in {*OF_THE_PLACE, *_ABOUT_SEARCHES}}
        options = {key: value for key, value in asdict(self.options).items() if key != "models"}
        return _without_starts({key: _listed(value) for key, value in {**run, **options}.items()})


_KEYS = tuple(f.name for f in fields(Options))
# Keys of a run file that say how to search, of which the experiment does nothing.
_ABOUT_SEARCHES = (
    "search", "start", "start_parameters", "chooser", "accept", "rejected", "steps", "population", "generations",
    "max_seconds", "stagnation", "objectives", "max_latency", "batches_per_step", "warm_up", "select", "asynchronous",
    "jobs_per_gpu",
)  # fmt: skip
# What an experiment was made with whose settings do not say so, for there was no choice.
_UNSAID: Mapping[str, Any] = {"engine": "plain", "precision": "float32", "without": []}


def is_gain_file(path: Path) -> bool:
    """Say whether a TOML file is one for ``experiment operators``."""
    return bool(read_toml(path).get("format") == FORMAT)


def as_noted(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that an experiment noted, as they would be noted today."""
    return _without_starts({**_UNSAID, **{key: data[key] for key in data if key not in _ABOUT_SEARCHES}})


def _without_starts(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without the widths of sized starts, of which the experiment has none."""
    space = {key: value for key, value in data["space"].items() if "start_width" not in key}
    return {**data, "space": space}


def settings_of(target: str, flags: Mapping[str, Any]) -> tuple[GainSettings, str]:
    """Return the settings that ``target`` names, and what to call them; ``flags`` go before its keys.

    ``target`` is a problem's name, a file, or the name of one that comes with the package.

    Raises:
        ConfigError: no such file, not TOML, another format, an impossible value.
        UnknownNameError: an unknown key, with the nearest known ones.
    """
    file = catalog.run_file(target, "problem or file of an operator experiment")
    data = read_toml(file) if file else {"problem": target}
    if (found := data.pop("format", FORMAT)) != FORMAT:
        raise ConfigError(f"{target}: expected format {FORMAT!r}, got {found!r}; name a file of an operator experiment")
    data = overridden(data, flags)
    for key in data:
        if key not in (*_KEYS, *KEYS):
            raise UnknownNameError(f"key of {target}", key, [*_KEYS, *KEYS])
    run = config_from({"schedule": "constant", **{k: v for k, v in data.items() if k in KEYS}})
    options = Options(**checked(Options, {k: v for k, v in data.items() if k in _KEYS}, "key"))
    return GainSettings(run, options), catalog.called(target)


def _listed(value: Any) -> Any:
    """Return tuples as the lists that JSON makes of them."""
    if isinstance(value, Mapping):
        return {key: _listed(each) for key, each in value.items()}
    return [_listed(each) for each in value] if isinstance(value, tuple | list) else value
