"""Data files: found in the user's folder or fetched from their public address, and known by their checksum.

For problem files, ours and third parties'. Nothing is fetched unless a problem is loaded, and nothing that
fails its checksum is handed on: a run compares results across machines, so its data must be the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from valpnas.contracts.downloads import DownloadError, download
from valpnas.errors import DataError


@dataclass(frozen=True)
class Reader:
    """What a problem's loader may use: the folder the user named for data files, if any."""

    folder: Path | None = None


@dataclass(frozen=True)
class DataFile:
    """One file of data.

    ``folder`` is the sub-folder of the user's folder (and of our cache) it belongs in; the user's folder itself is
    looked at too. Where ``url`` leads to a zip, ``members`` are the names to open in it, the file itself last:
    ``("inner.zip", "table.csv")``. ``sha256`` is that of the content after ``normalise``, which evens out
    spellings of the same content, or unpacks it; it may raise what ``gzip`` and ``zlib`` raise, or ``ValueError``.
    """

    name: str
    url: str
    sha256: str
    folder: str = ""
    members: tuple[str, ...] = ()
    normalise: Callable[[bytes], bytes] = bytes


def find_or_fetch(file: DataFile, reader: Reader) -> Path:
    """Return where ``file`` lies with the right content.

    Looked for in the user's folder, then in the cache, then at its address.

    Raises:
        DataError: it is nowhere and cannot be fetched, or its content is not the one expected.
    """
    return _find(file, reader)[0]


def read_content(file: DataFile, reader: Reader) -> bytes:
    """Return the content of ``file`` after ``normalise``: the very bytes whose checksum was found right.

    Raises:
        DataError: as for ``find_or_fetch``.
    """
    return _find(file, reader)[1]


def cache_folder() -> Path:
    """Return the folder of this user in which valpnas keeps what it fetched or computed once."""
    import pooch

    return Path(pooch.os_cache("valpnas"))


def _find(file: DataFile, reader: Reader) -> tuple[Path, bytes]:
    for place in _places(file, reader):
        if os.path.isfile(place):  # unlike Path.is_file, quiet about folders that may not be entered
            return place, _checked(file, _read(place), f"{place}", "replace it, or take it away to have it fetched")
    cached = cache_folder() / file.folder / file.name
    if cached.is_file():
        with suppress(DataError):  # what is damaged is fetched anew
            return cached, _checked(file, _read(cached), f"{cached}", "")
    fetched = _fetch(file, reader)
    content = _checked(file, fetched, f"{file.name} from {file.url}", _advice(file, reader))
    _keep(cached, fetched, file, reader)
    return cached, content


def _places(file: DataFile, reader: Reader) -> list[Path]:
    folder = reader.folder
    return [] if folder is None else [folder / file.folder / file.name, folder / file.name]


def _fetch(file: DataFile, reader: Reader) -> bytes:
    try:
        return download(file.url, file.members)
    except DownloadError as error:
        raise DataError(f"expected {file.name}, got {error} from {file.url}; {_advice(file, reader)}") from error


def _checked(file: DataFile, raw: bytes, what: str, advice: str) -> bytes:
    """Return the normalised content; raises ``DataError`` when it is not the one expected."""
    try:
        content = file.normalise(raw)
        got = hashlib.sha256(content).hexdigest()
    except (OSError, EOFError, zlib.error, ValueError) as error:  # what unpacking raises
        content, got = b"", f"a file that was cut off or altered ({error})"
    if got != file.sha256:
        raise DataError(f"{what}: expected content of SHA-256 {file.sha256}, got {got}; {advice}")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: expected a file to read, got {error.strerror}; check its rights") from error


def _keep(path: Path, content: bytes, file: DataFile, reader: Reader) -> None:
    """Write at once or not at all: another process may be looking for the same file."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"expected to keep {path}, got {error.strerror}; {_advice(file, reader)}") from error


def _advice(file: DataFile, reader: Reader) -> str:
    if reader.folder is not None:
        return f"put {file.name} into {reader.folder / file.folder}"
    place = f"a folder {file.folder}/ of a folder" if file.folder else "a folder"
    return f"put {file.name} into {place} that VALPNAS_DATA names"
