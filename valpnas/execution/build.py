"""Building an executor: from what the run file calls it to the object."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch

from valpnas import catalog
from valpnas.contracts.entry import Entry
from valpnas.contracts.executor import Executor, MakeWork, Work
from valpnas.errors import ConfigError
from valpnas.execution import EXECUTORS
from valpnas.execution.placing import places
from valpnas.execution.ray_connection import import_ray
from valpnas.execution.streams import Streams, cuda_stream
from valpnas.store.jobs import JobFolder

_AT = "ray://"  # ... HOST:PORT, a cluster that there is
_ADDRESS = re.compile(r"ray://([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}")


def check_executor(name: str) -> None:
    """Raise ``ValpnasError`` for an unknown executor, or one whose package is missing; nothing is started."""
    executor_class(name)
    if _address(name) and not _ADDRESS.fullmatch(name):
        raise ConfigError(f"executor: expected {_AT}HOST:PORT, got {name!r}; Ray's client server has port 10001")
    if _entry(name).name == "ray":
        import_ray()


def check_workers(name: str, workers: int) -> None:
    """Raise ``ConfigError`` for more workers than one, where candidates train one after the other."""
    if workers > 1 and executor_class(name).one_worker:
        raise ConfigError(
            f"workers: expected at most 1 with executor = {name!r}, got {workers}; name another executor, such as "
            "'processes', or leave workers out"
        )


def executor_class(name: str) -> type[Executor]:
    """Return the class of the executor called ``name``, which says what it can do."""
    found: type[Executor] = catalog.load_class(_entry(name), Executor)
    return found


def reached(name: str, workers: int) -> AbstractContextManager[object]:
    """Reach whatever the executor called ``name`` needs that is far away; raises ``ExecutionError`` if it cannot."""
    return executor_class(name).reached(workers, _address(name))


def build_executor(
    name: str,
    workers: int,
    jobs: JobFolder,
    work: Work,
    make: Callable[[str], MakeWork],
    device: torch.device,
    streams: int = 1,
) -> Executor:
    """Return the executor called ``name`` with so many ``workers`` (0: as many as there is room for).

    ``work`` does groups of jobs, ``make`` makes of the name of a device what makes what does them in another process,
    ``jobs`` is the folder where some are laid, and ``device`` is what they need. On a GPU an executor of one group at a
    time runs so many ``streams``, if it can.
    """
    if has_streams(name, streams, device):
        return Streams(work, streams, cuda_stream(device))
    cores, gpus = len(os.sched_getaffinity(0)), torch.cuda.device_count()
    makes = [make(place) for place in places(device, workers, cores, gpus)]
    arguments = {
        "work": work, "makes": makes, "workers": workers, "folder": jobs, "room": workers or cores,
        "address": _address(name), "gpus": device.type == "cuda",
    }  # fmt: skip
    entry = _entry(name)
    made: Executor = catalog.load(entry, Executor, **catalog.accepted(entry, arguments))
    return made


def has_streams(name: str, streams: int, device: torch.device) -> bool:
    """Return whether several groups can share the GPU of this process."""
    return streams > 1 and executor_class(name).has_streams and device.type == "cuda"


def _entry(name: str) -> Entry:
    return catalog.find("executor", EXECUTORS, "ray" if _address(name) else name)


def _address(name: str) -> str:
    return name if name.startswith(_AT) else ""
