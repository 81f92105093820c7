"""Small IDX files with the names, folders and checksums of a problem's four, for tests without the real ones."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np

from valpnas.contracts.data_files import DataFile
from valpnas.problems._idx_images import idx_files

ADDRESS = "http://127.0.0.1:9/images/"  # nobody answers


def idx(values: np.ndarray) -> bytes:
    """An array of bytes as an IDX file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes()


def images(rows: int, seed: int = 0) -> np.ndarray:
    """Random images; the first two pixels number them."""
    drawn = np.random.default_rng(seed).integers(0, 256, (rows, 28, 28), dtype=np.uint8)
    drawn[:, 0, 0], drawn[:, 0, 1] = np.arange(rows) % 256, np.arange(rows) // 256
    return drawn


def write_idx_files(folder: Path, train: int = 300, test: int = 40) -> tuple[DataFile, ...]:
    """Write four files into ``folder/images``; what a problem would declare comes back."""
    arrays = [images(train), np.arange(train) % 10, images(test, seed=1), np.arange(test) % 10]
    contents = [idx(values) for values in arrays]
    files = idx_files(ADDRESS, "images", [hashlib.sha256(content).hexdigest() for content in contents])
    (folder / "images").mkdir(parents=True)
    for file, content in zip(files, contents, strict=True):
        (folder / "images" / file.name).write_bytes(gzip.compress(content, mtime=0))
    return files
