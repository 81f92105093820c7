"""From what a person asks for to a run's configuration, and whether every name in it is in some table.

Nothing heavy is imported: a typing error is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from valpnas import catalog
from valpnas.config import RunConfig, start_names
from valpnas.config_tables import config_from
from valpnas.contracts.entry import Entry
from valpnas.contracts.protocol import Schedule
from valpnas.errors import UnknownNameError
from valpnas.execution import EXECUTORS
from valpnas.graph.valp import ALGORITHMS
from valpnas.run_files import read_run_file
from valpnas.search import ACCEPTANCE, CELL_BLOCKS, CHOOSERS, REJECTED, SEARCHES, STARTS
from valpnas.training import ENGINES
from valpnas.training.balancing import BALANCERS

_TABLES: Mapping[str, tuple[str, tuple[Entry, ...]]] = {
    "search": ("search", SEARCHES),
    "start": ("start", STARTS),
    "chooser": ("chooser", CHOOSERS),
    "cell_blocks": ("way to choose blocks", CELL_BLOCKS),
    "accept": ("acceptance rule", ACCEPTANCE),
    "balancing": ("balancing", BALANCERS),
    "engine": ("engine", ENGINES),
    "executor": ("executor", EXECUTORS),
}
"""Keys of the run file that name something, what messages call it, and its table."""


def configure(target: str, overrides: Mapping[str, Any]) -> tuple[RunConfig, str]:
    """Return the configuration that ``target`` names, and what to call the run.

    ``target`` is a problem's name, a run file, or the name of a run file that comes with the package, in this order;
    ``overrides`` go before its keys.

    Raises:
        UnknownNameError: a name is in no table, as far as tables tell.
        ConfigError: a key or a value cannot be used.
    """
    file = catalog.run_file(target, "problem or run file")
    config = read_run_file(file, overrides) if file else config_from({"problem": target, **overrides})
    check_names(config.settings())
    Schedule(config.schedule, config.final_decay, config.first_cycle, config.cycle_growth)  # checks itself
    return config, catalog.called(target)


def entry_of(key: str, name: str) -> Entry:
    """Return the entry of what the ``key`` of a run file names; raises ``UnknownNameError`` when there is none."""
    what, table = _TABLES[key]
    return catalog.find(what, table, name)


def check_names(settings: Mapping[str, Any]) -> None:
    """Raise ``UnknownNameError`` for a name among keys of a run file that is in no table; nothing is imported."""
    for key in sorted(_TABLES.keys() & settings.keys()):
        for name in start_names(settings[key]) if key == "start" else (settings[key],):
            if not _is_no_name(key, name):
                entry_of(key, name)
    if "problem" in settings:
        catalog.find("problem", catalog.entries("problems"), settings["problem"])
    for key, what, known in (
        ("rejected", "policy for rejected training", REJECTED),
        ("algorithm", "algorithm", ALGORITHMS),
    ):
        if settings.get(key, known[0]) not in known:
            raise UnknownNameError(what, settings[key], known)
    _check_left_out(settings)


def _is_no_name(key: str, value: str) -> bool:
    """Say whether ``value`` is an address, a file or a network of the run file's own instead."""
    own_start = key == "start" and (value.endswith(".json") or value == "single")
    return own_start or (key == "executor" and value.startswith("ray://"))


def _check_left_out(settings: Mapping[str, Any]) -> None:
    """Check operators to leave out, where all there are come with the package: others may be called anything."""
    ours = [entry.name for entry in catalog.shipped("operators")]
    if settings.get("operators") or len(catalog.entries("operators")) > len(ours):
        return
    for name in settings.get("without", ()):
        if name not in ours:
            raise UnknownNameError("operator", name, ours)
