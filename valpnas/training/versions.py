"""Versions: what the last bits of a result depend on, beside the run itself."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from importlib.metadata import version

import numpy as np
import torch

from valpnas.training.device import describe_device


def versions(device: torch.device) -> dict[str, str]:
    """Return the versions of this process, and in words the device that it uses."""
    return {
        "valpnas": version("valpnas"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": describe_device(device),
    }


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what differs, as it was and as it is; one GPU of a kind is as good as another."""
    known = [(what, before[what], value) for what, value in now.items() if what in before]
    return [(what, old, new) for what, old, new in known if _plain(old) != _plain(new)]


def _plain(value: str) -> str:
    return re.sub(r"^cuda:\d+", "cuda", value)
