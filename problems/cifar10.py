"""cifar10: 32x32 colour images of ten things (Krizhevsky 2009), from the original files.

The binary version: the other one for Python is pickled, and a pickle can run code. There is no fall-back to lossy
images; those are the problem ``cifar10-jpeg``.
"""

from __future__ import annotations

import io
import tarfile

import numpy as np

from valpnas.contracts.data_files import DataFile, read_content
from valpnas.contracts.problem import Problem, Reader
from valpnas.errors import DataError
from valpnas.problems._cifar import SHAPE, Images, cifar_problem

FILE = DataFile(
    name="cifar-10-binary.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    folder="cifar10",
)
TRAIN = tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6))
TEST = ("cifar-10-batches-bin/test_batch.bin",)

HELD_OUT = (2000, 5000)  # of 50,000, for diagnostics and for validation; an error of 10 % is then known to 0.4 %
REFERENCE = {"label": 0.9}  # ten classes of equal size in every part, which is split by class


def cifar10() -> Problem:
    """Return the problem; its file is looked for, and fetched if need be, when it is loaded."""
    summary = "32x32 colour images: name what is on them, one of ten things"
    return cifar_problem("cifar10", summary, FILE, _read, HELD_OUT, REFERENCE)


def _read(reader: Reader) -> tuple[Images, Images]:
    content = read_content(FILE, reader)
    return images_in(content, TRAIN), images_in(content, TEST)


def images_in(content: bytes, members: tuple[str, ...]) -> Images:
    """Return the images in ``members`` of the archive; nothing is written to disk.

    Raises:
        DataError: a member is missing, or holds no whole images.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            read = [archive.extractfile(member) for member in members]
            raw = b"".join(file.read() for file in read if file is not None)
    except (tarfile.TarError, KeyError, OSError) as error:
        raise DataError(f"{FILE.name}: expected {', '.join(members)} in it, got {error}; replace the file") from error
    width = 1 + int(np.prod(SHAPE))
    if not raw or len(raw) % width:
        raise DataError(f"{FILE.name}: expected images of {width} bytes, got {len(raw)} bytes; replace the file")
    rows = np.frombuffer(raw, dtype=np.uint8).reshape(-1, width)
    return Images(rows[:, 1:].reshape(-1, *SHAPE), rows[:, 0])
