"""Exclusive times: a search that decides by measured times wants its candidates trained one at a time.

Training times that predictors learn from are exclusive in the papers, one network on one device (facts B10). Side by
side, what a cell takes depends on its neighbours, and nobody knows by how much.
"""

from __future__ import annotations

from typing import Any

from valpnas.config import RunConfig
from valpnas.errors import ConfigError
from valpnas.search.kinds import search_class

_MEASURED = ("seconds", "latency")


def check_times(config: RunConfig, **place: Any) -> None:
    """Raise ``ConfigError`` when candidates may be trained side by side and times decide that were to be exclusive.

    ``place`` says where, if not as in ``config``: ``executor`` and ``workers``.
    """
    asked = config.cell_search
    times = [cost for cost in asked.costs if cost in _MEASURED]
    if asked.times_side_by_side or not (times and search_class(config.search).timed):
        return
    executor, workers = place.get("executor", config.executor), place.get("workers", config.workers)
    if config.jobs_per_gpu > 1 or (executor != "serial" and workers != 1):
        where = f"executor = {executor!r}, workers = {workers}, jobs_per_gpu = {config.jobs_per_gpu}"
        raise ConfigError(
            "cell_search.costs: expected no measured times where candidates are trained side by side, got "
            f"{', '.join(times)} with {where}; train one at a time (executor = 'serial'), weigh parameters or flops, "
            "or say times_side_by_side = true in [cell_search]"
        )
