"""Building a search: from the names and numbers of a run file to the objects they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.contracts.chooser import Chooser
from valpnas.contracts.job import Schedule
from valpnas.contracts.search import Search
from valpnas.errors import UnknownNameError
from valpnas.graph.valp import ALGORITHMS, OutputTraining
from valpnas.search import ACCEPTANCE, CHOOSERS, REJECTED, SEARCHES, STARTS
from valpnas.search.acceptance import Acceptance
from valpnas.search.starts import GivenStart, Start


def build_search(config: RunConfig) -> Search[Any]:
    """Return the search that ``config`` describes."""
    if config.rejected not in REJECTED:
        raise UnknownNameError("policy for rejected training", config.rejected, REJECTED)
    if config.algorithm not in ALGORITHMS:
        raise UnknownNameError("algorithm", config.algorithm, ALGORITHMS)
    search: Search[Any] = catalog.load(
        catalog.find("search", SEARCHES, config.search),
        Search,
        chooser=catalog.load(catalog.find("chooser", CHOOSERS, config.chooser), Chooser),
        acceptance=catalog.load(catalog.find("acceptance rule", ACCEPTANCE, config.accept), Acceptance),
        start=build_start(config),
        rejected=config.rejected,
        steps=config.steps,
        initial_batches=config.initial_batches,
        batches_per_step=config.batches_per_step,
        batch_size=config.batch_size,
        training=OutputTraining(config.learning_rate, config.algorithm),
        schedule=Schedule(config.schedule, config.final_decay),
        time_limit=config.time_limit,
    )
    return search


def build_start(config: RunConfig) -> Start:
    """Return the start that ``config`` describes; a file is read when the search begins."""
    if config.start.endswith(".json"):
        return GivenStart(path=Path(config.start))
    entry = catalog.find("start", STARTS, config.start)
    start: Start = catalog.load(entry, Start, parameters=config.start_parameters)
    return start
