"""The class of a search by its name: what it counts and how its members survive, for who reads a run and makes none."""

from __future__ import annotations

from typing import Any

from valpnas import catalog
from valpnas.contracts.search import Search
from valpnas.search import SEARCHES


def search_class(name: str) -> type[Search[Any]]:
    """Return the class of the search that a run file names, be it ours or ``package.module:Class``.

    Raises:
        UnknownNameError: there is none of this name.
        ConfigError: it cannot be imported, or is no class of searches.
    """
    found: type[Search[Any]] = catalog.load_class(catalog.find("search", SEARCHES, name), Search)
    return found


def has_chooser(name: str) -> bool:
    """Say whether the search of this name is made with a chooser; another changes nothing, or decides by itself."""
    return "chooser" in catalog.accepted(catalog.find("search", SEARCHES, name), {"chooser": None})


def counts_generations(name: str) -> bool:
    """Say whether the journal of the search of this name holds generations."""
    return search_class(name).budget == "generations"
