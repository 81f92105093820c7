"""The class of a search by its name: what it counts and how its members survive, for who reads a run and makes none."""

from __future__ import annotations

from typing import Any

from valpnas import catalog
from valpnas.contracts.search import Search
from valpnas.errors import ConfigError
from valpnas.search import SEARCHES


def search_class(name: str) -> type[Search[Any]]:
    """Return the class of the search that a run file names, be it ours or ``package.module:Class``.

    Raises:
        UnknownNameError: there is none of this name.
        ConfigError: it cannot be imported, or is no class of searches.
    """
    found = catalog.target(catalog.find("search", SEARCHES, name))
    if not (isinstance(found, type) and issubclass(found, Search)):
        raise ConfigError(f"search: expected a class of searches, got {name!r}; derive it from Search")
    return found


def counts_generations(name: str) -> bool:
    """Say whether the journal of the search of this name holds generations."""
    return search_class(name).budget == "generations"
