"""Run files read: written by hand, or by a run that has begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from valpnas.config import CELL_KEYS, FORMAT, KEYS, RunConfig
from valpnas.config_tables import config_from, overridden
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.typed_tables import read_toml

_BEFORE_A_CHOICE: Mapping[str, Any] = {"engine": "plain", "select": "last"}  # what a run did that could not say


def read_run_file(path: Path, overrides: Mapping[str, Any] | None = None) -> RunConfig:
    """Read a run file; ``overrides`` (flags given on the command line) go before its keys.

    Raises:
        ConfigError: no such file, not TOML, another format, a wrong type, an impossible value, an unknown key.
    """
    data = read_toml(path)
    if (found := data.pop("format", FORMAT)) != FORMAT:
        raise ConfigError(f"{path}: expected format {FORMAT!r}, got {found!r}; {_remedy(found)}")
    complete = data.pop("about", None) is not None  # written by a run, defaults and all
    try:
        config = config_from(overridden(data, overrides or {}))
        return _without_defaults(config, overrides or {}) if complete else config
    except (ConfigError, UnknownNameError) as error:
        raise ConfigError(f"{path}: {error}") from error


def read_begun_run_file(folder: Path) -> RunConfig:
    """Read the run file of the run in ``folder``; one that lacks a key was begun before there was a choice.

    Raises:
        ConfigError: as ``read_run_file``.
    """
    path = folder / "run.toml"
    config = replace(read_run_file(path), given=frozenset())  # it was begun with them
    written = read_toml(path)
    return replace(config, **{key: value for key, value in _BEFORE_A_CHOICE.items() if key not in written})


def _without_defaults(config: RunConfig, overrides: Mapping[str, Any]) -> RunConfig:
    """Return ``config``, which a run wrote, without what nobody asked for: whatever its own search had by default.

    Only where ``overrides`` name another search may a value of the file be one that the search ignores; what differs
    from the defaults was asked for then.
    """
    default = config_from({"problem": config.problem, "search": config.search})
    flags = {*overrides, *(f"cell_search.{key}" for key in overrides.get("cell_search", {}))}
    differing = {key for key in config.given if _value(config, key) != _value(default, key)}
    asked = flags | (differing if "search" in flags else set())
    anew = {"initial_batches"} if flags & {"cell_search.epochs", "batch_size"} else set()
    return replace(config, given=frozenset(asked), settled=frozenset({*KEYS, *CELL_KEYS} - (anew - flags)))


def _value(config: RunConfig, key: str) -> Any:
    table, _, inner = key.partition(".")
    return getattr(getattr(config, table), inner) if inner else getattr(config, key)


def _remedy(found: Any) -> str:
    if str(found).startswith("valpnas-compare/"):
        return "this file is for `valpnas compare`"
    if str(found).startswith("valpnas-operators/"):
        return "this file is for `valpnas experiment operators`"
    return "use the valpnas that wrote it"
