"""Random streams: every draw comes from a generator named by (run seed, candidate, purpose).

Streams with different names are independent, and a stream's numbers do not depend on what other streams
were used before it - which is what makes a resumed run repeat an unkilled one.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def _entropy(seed: int, name: tuple[str | int, ...]) -> list[int]:
    parts = [part if isinstance(part, str) else int(part) for part in name]
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return [seed, *(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4))]


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """Return the generator of the stream ``name`` under ``seed`` (a non-negative integer)."""
    return np.random.default_rng(_entropy(seed, name))


def torch_stream(rng: np.random.Generator, device: str = "cpu") -> torch.Generator:
    """Return a torch generator on ``device`` seeded by one draw from ``rng``."""
    import torch

    return torch.Generator(device=device).manual_seed(int(rng.integers(2**63 - 1)))
