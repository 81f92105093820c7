"""Devices: which one a run uses, and how a worker is set up for many small networks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from valpnas.errors import ConfigError, nearest


def resolve_device(name: str) -> torch.device:
    """Return the device that ``auto``, ``cpu``, ``cuda`` or ``cuda:<i>`` means here.

    Raises:
        ConfigError: an unknown name, or a GPU that is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:[0-9]+)?", name):
        offer = "did you mean cuda?" if name.startswith("gpu") else nearest(name, ("auto", "cpu", "cuda"))
        raise ConfigError(f"expected a device auto, cpu, cuda or cuda:<number>, got {name!r}; {offer}")
    kind, _, index = name.partition(":")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"expected one of {torch.cuda.device_count()} CUDA devices, got {name!r}; use --device auto or cpu"
        )
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """Say which device it is, in words for a person."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return "cpu (one thread)"


@contextmanager
def small_network_settings() -> Iterator[None]:
    """Run with one torch thread and denormal numbers flushed to zero, and put both back afterwards.

    Small networks lose time to a second thread, and the dead units of a search leave denormal optimiser moments
    that slow every batch (trial: 3.65 against 2.6 ms).
    """
    threads, flushed = torch.get_num_threads(), _flushes_denormals()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)
        torch.set_num_threads(threads)


def _flushes_denormals() -> bool:
    """Try it: torch can be told and cannot be asked."""
    return float(torch.tensor(1e-37) * 1e-3) == 0
