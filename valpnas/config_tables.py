"""Configurations made from plain data: the tables of a run file, and the defaults that depend on what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from valpnas.config import RunConfig
from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.cell_bounds import CellBounds
from valpnas.contracts.cell_search import CellSearch
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.typed_tables import checked

# Defaults that other searches than hill climbing have: of the choosers that look, guided asks for donations, and
# members have to differ.
_OF_SEARCHES: Mapping[str, Mapping[str, Any]] = {
    name: {"chooser": "guided", "start": "random", "select": "last"} for name in ("nsga2", "nsga3")
}
_HAND_MADE_OF = frozenset({"dense", "decoder"})  # kinds of network; who asks for others wants to see them
_FEWEST = 2000  # weights: with fewer allowed, it is the limit that has to be looked at
_ROOM = 4 / 3  # what a limit of size leaves a start to grow


def config_from(data: Mapping[str, Any]) -> RunConfig:
    """Return the configuration that ``data`` describes, with defaults for what it leaves out."""
    if "problem" not in data:
        raise ConfigError("expected the key 'problem', got none; name a problem (`valpnas problems` lists them)")
    tables: dict[str, Any] = {name: read(data.get(name, {})) for name, read in _TABLES.items()}
    plain = checked(RunConfig, {k: v for k, v in data.items() if k not in tables}, "key")
    own = {**_fitting(tables["space"]), **_OF_SEARCHES.get(str(data.get("search", "")), {})}
    return RunConfig(**{**own, **plain}, **tables, given=given_by(data))


def _fitting(space: Space) -> dict[str, Any]:
    """Return the defaults of starts that differ, where kinds of network are asked for or the limit of size is tight."""
    starts = {} if {*space.networks} <= _HAND_MADE_OF else {"start": ",".join(["random-sized"] * 3)}
    tight = _FEWEST <= space.max_parameters < _ROOM * RunConfig.start_parameters
    return starts | ({"start_parameters": int(space.max_parameters / _ROOM)} if tight else {})


def overridden(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``data`` with ``overrides`` in front; of a table, such as ``space``, only the keys that are given."""
    merged = {**data, **overrides}
    for key, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(data.get(key), Mapping):
            merged[key] = {**data[key], **value}
    return merged


def given_by(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys that ``data`` give, those of ``cell_search`` as ``cell_search.blocks`` besides."""
    inner = data.get("cell_search", {})
    return frozenset({*data, *(f"cell_search.{key}" for key in (inner if isinstance(inner, Mapping) else ()))})


def _space_from(data: Any) -> Space:
    if isinstance(data, Space):
        return data
    if not isinstance(data, Mapping):
        raise ConfigError(f"expected a table for each key of [space], got {data!r}")
    cells = CellBounds(**checked(CellBounds, data.get("cells", {}), "key of [space.cells]"))
    plain = {name: value for name, value in data.items() if name != "cells"}
    return Space(**checked(Space, plain, "key of [space]"), cells=cells)


def _augmentation_from(data: Any) -> Augmentation:
    if isinstance(data, Augmentation):
        return data
    return Augmentation(**checked(Augmentation, data, "key of [augmentation]"))


def _cell_search_from(data: Any) -> CellSearch:
    if isinstance(data, CellSearch):
        return data
    return CellSearch(**checked(CellSearch, data, "key of [cell_search]"))


def _network_from(data: Any) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise ConfigError(f"expected a table [network] that describes a sub-network, got {data!r}")
    return dict(data)


_TABLES: dict[str, Callable[[Any], Any]] = {
    "space": _space_from,
    "augmentation": _augmentation_from,
    "network": _network_from,
    "cell_search": _cell_search_from,
}
