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
_SHARED = "shared"


def check_times(config: RunConfig, **place: Any) -> None:
    """Raise ``ConfigError`` when candidates may be trained side by side and times decide that were to be exclusive.

    ``place`` says where, if not as in ``config``: ``executor`` and ``workers``.
    """
    times = deciding_times(config)
    if config.cell_search.times_side_by_side or not times:
        return
    executor, workers = place.get("executor", config.executor), place.get("workers", config.workers)
    if several_at_a_time(executor, workers, config.jobs_per_gpu):
        joined = " (any number of `valpnas work` may join)" if executor == _SHARED else ""
        where = f"executor = {executor!r}{joined}, workers = {workers}, jobs_per_gpu = {config.jobs_per_gpu}"
        raise ConfigError(
            "cell_search.costs: expected no measured times where candidates are trained side by side, got "
            f"{', '.join(times)} with {where}; train one at a time (executor = 'serial'), weigh parameters or flops, "
            "or say times_side_by_side = true in [cell_search]"
        )


def deciding_times(config: RunConfig) -> list[str]:
    """Return the measured times by which the search of ``config`` decides; none for most searches."""
    return [cost for cost in config.cell_search.costs if cost in _MEASURED] if search_class(config.search).timed else []


def several_at_a_time(executor: str, workers: int, jobs_per_gpu: int) -> bool:
    """Say whether candidates may be trained side by side.

    ``workers`` of a shared run are the groups that are out, not the processes: these join and leave as they like.
    """
    return jobs_per_gpu > 1 or executor == _SHARED or (executor != "serial" and workers != 1)
