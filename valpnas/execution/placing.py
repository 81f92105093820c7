"""Placing: which device each of the worker processes of one machine uses."""

from __future__ import annotations

import torch


def places(device: torch.device, workers: int, cores: int, gpus: int) -> list[str]:
    """Return the device of each worker, of which there are ``workers``, or, when 0, one per core, or per GPU to use.

    A run on "the GPU" has the workers on all ``gpus`` of the machine in turn; one that names a GPU stays on it.
    """
    if device.type != "cuda":
        return [str(device)] * (workers or cores)
    if device.index is not None or gpus < 2:
        return [str(device)] * (workers or 1)
    return [f"{device.type}:{worker % gpus}" for worker in range(workers or gpus)]
