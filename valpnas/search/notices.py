"""Notices: what a person should know of a run's settings before it begins, though nothing is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.contracts.chooser import Chooser
from valpnas.search.build import ignored
from valpnas.search.kinds import search_class
from valpnas.search.naming import entry_of


def notices(config: RunConfig) -> Iterator[str]:
    """Yield a line for each."""
    if config.asynchronous:
        yield "asynchronous: what is asked depends on who is done first, so that another run with this seed may differ"
    chooser: type[Chooser] = catalog.load_class(entry_of("chooser", config.chooser), Chooser)
    if chooser.learns and not search_class(config.search).recalls and not ignored(config, ["chooser"]):
        yield (
            f"{config.chooser} learns nothing from this run: {config.search} does not tell choosers what changes "
            "brought, so it knows what it began with"
        )
