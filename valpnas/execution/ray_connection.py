"""The connection to Ray: the module, a cluster to reach, and what each actor gets of its GPUs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import ceil, floor
from typing import Any

from valpnas.errors import ConfigError, ExecutionError, first_line

_START = "`ray start --head --ray-client-server-port 10001`"
_PARTS = 10_000  # Ray knows shares of a GPU to four digits


def shares(resources: Mapping[str, float], workers: int, gpus: bool) -> tuple[int, float]:
    """Return how many actors a cluster with such ``resources`` gets, and how much of a GPU each; 0 ``workers``: any.

    Raises:
        ExecutionError: the jobs need a GPU, and the cluster has none.
    """
    there = resources.get("GPU" if gpus else "CPU", 0.0)
    if gpus and not there:
        raise ExecutionError("the run is on a GPU, but the Ray cluster has none; begin the run with --device cpu")
    count = workers or max(1, int(there))
    return count, _share(there, count) if gpus else 0.0


def _share(gpus: float, actors: int) -> float:
    """Return how much of a GPU each actor asks for, so that all find one: an actor's share is of a single GPU."""
    on_each = ceil(actors / gpus)
    return max(floor(_PARTS / on_each), 1) / _PARTS


def import_ray() -> Any:
    """Return the module; raises ``ConfigError`` when it is not installed."""
    try:
        import ray
    except ImportError as error:
        raise ConfigError("executor 'ray': expected Ray, found none; `pip install valpnas[ray]` installs it") from error
    return ray


def connect(ray: Any, address: str, count: int) -> None:
    """Connect to the cluster at ``address``, or start one; raises ``ExecutionError`` when that cannot be."""
    settings: dict[str, Any] = {"address": address} if address else {"num_cpus": count, "include_dashboard": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of what the error says
            ray.init(log_to_driver=False, logging_level="ERROR", **settings)
    except Exception as error:  # whatever the client says
        advice = f"; there, {_START} starts a cluster" if address else ""
        raise ExecutionError(f"cannot reach Ray at {address or 'this machine'}: {first_line(error)}{advice}") from error
