"""Building an executor: from what the run file calls it to the object."""

from __future__ import annotations

import os

import torch

from valpnas.contracts.executor import Executor, MakeWork, Work
from valpnas.errors import UnknownNameError
from valpnas.execution.processes import Processes
from valpnas.execution.ray_cluster import RayCluster, import_ray
from valpnas.execution.serial import Serial
from valpnas.execution.shared import Shared
from valpnas.execution.streams import Streams, cuda_stream
from valpnas.store.jobs import JobFolder

NAMES = ("serial", "processes", "shared", "ray")
IN_THIS_PROCESS = ("serial", "shared")  # where a job can be watched epoch by epoch
_AT = "ray://"  # ... HOST:PORT, a cluster that there is


def check_executor(name: str) -> None:
    """Raise ``ValpnasError`` for an unknown executor, or one whose package is missing; nothing is started."""
    if name.startswith(_AT) or name == "ray":
        import_ray()
    elif name not in NAMES:
        raise UnknownNameError("executor", name, (*NAMES, f"{_AT}HOST:PORT"))


def build_executor(
    name: str, workers: int, jobs: JobFolder, work: Work, make: MakeWork, device: torch.device, streams: int = 1
) -> Executor:
    """Return the executor called ``name`` with so many ``workers`` (0: one per core that this process may use).

    ``work`` does groups of jobs, ``make`` makes what does them in another process, ``jobs`` is the folder where some
    are laid, and ``device`` is what they need. ``serial`` on a GPU runs so many ``streams`` at a time.
    """
    check_executor(name)
    count = workers or len(os.sched_getaffinity(0))
    if name == "processes":
        return Processes(make, count)
    if name == "shared":
        return Shared(jobs, work, count)
    if name == "serial":
        return Streams(work, streams, cuda_stream(device)) if has_streams(name, streams, device) else Serial(work)
    return RayCluster(work, count, name if name.startswith(_AT) else "", device.type == "cuda")


def has_streams(name: str, streams: int, device: torch.device) -> bool:
    """Return whether several groups can share the GPU of this process."""
    return streams > 1 and name == "serial" and device.type == "cuda"
