"""The digest of a model's weights, by which a search knows what it has trained before."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from valpnas.contracts.model import Model


def digest(model: Model) -> str:
    """Return 32 hexadecimal digits that depend on every bit of each weight and buffer, and on no name.

    Names hold the ids of sub-networks, and equal graphs (``canonical_hash``) may differ in them. So it does not depend
    on which tensor is where: two models of one graph whose tensors of equal shape are exchanged have the same digest.
    Trained weights are never that by chance, and an operator draws what it does not copy.
    """
    parts = sorted(_of_tensor(tensor) for tensor in (*model.weights.values(), *model.buffers.values()))
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


def _of_tensor(tensor: Tensor) -> bytes:
    tensor = tensor.detach().cpu().contiguous()
    head = f"{tensor.dtype} {tuple(tensor.shape)}".encode()
    return hashlib.sha256(head + tensor.reshape(-1).view(torch.uint8).numpy().tobytes()).digest()
