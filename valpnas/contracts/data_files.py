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
from valpnas.errors import ConfigError, DataError


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

    ``sha256`` is empty where no checksum was ever published: the content is then known by its form alone, and
    ``checked_by`` says so. ``url`` is empty for a file that has no public address. ``also`` are other names under which
    the user's folder may hold the same content.
    """

    name: str
    url: str
    sha256: str
    folder: str = ""
    members: tuple[str, ...] = ()
    normalise: Callable[[bytes], bytes] = bytes
    also: tuple[str, ...] = ()


def named_folder(folder: Path | None) -> Path | None:
    """Return the folder for data files that somebody named.

    Raises:
        ConfigError: it does not exist.
    """
    if folder is not None and not os.path.exists(folder):  # a file in its place is told where the data are looked for
        raise ConfigError(
            f"expected a folder of data files that exists, got {folder}; make it or name another "
            "(--data-dir, data_dir in a run file, VALPNAS_DATA)"
        )
    return folder


def find_or_fetch(file: DataFile, reader: Reader) -> Path:
    """Return where ``file`` lies with the right content.

    Looked for in the user's folder, then in the cache, then at its address.

    Raises:
        DataError: it is nowhere and cannot be fetched, or its content is not the one expected.
        ConfigError: it is not in the cache either, and the user's folder does not exist.
    """
    return find_with_content(file, reader)[0]


def read_content(file: DataFile, reader: Reader) -> bytes:
    """Return the content of ``file`` after ``normalise``: the very bytes whose checksum was found right.

    Raises:
        DataError: as for ``find_or_fetch``.
    """
    return find_with_content(file, reader)[1]


def find_with_content(file: DataFile, reader: Reader) -> tuple[Path, bytes]:
    """Return what ``find_or_fetch`` and ``read_content`` do; raises ``DataError`` as they do."""
    for place in _places(file, reader):
        if os.path.isfile(place):  # unlike Path.is_file, quiet about folders that may not be entered
            return place, _checked(file, _read(place), f"{place}", "replace it, or take it away to have it fetched")
    cached = cache_folder() / file.folder / file.name
    if cached.is_file():
        with suppress(DataError):  # what is damaged is fetched anew
            return cached, _checked(file, _read(cached), f"{cached}", "")
    named_folder(reader.folder)
    fetched = _fetch(file, reader)
    content = _checked(file, fetched, f"{file.name} from {file.url}", _advice(file, reader))
    _keep(cached, fetched, file, reader)
    return cached, content


def checked_by(file: DataFile, content: bytes) -> str:
    """Say in words how the ``content`` of ``file`` was found to be the right one."""
    if file.sha256:
        return "SHA-256"
    return f"form only: no checksum is published; its SHA-256 is {hashlib.sha256(content).hexdigest()}"


def cache_folder() -> Path:
    """Return the folder of this user in which valpnas keeps what it fetched or computed once."""
    import pooch

    return Path(pooch.os_cache("valpnas"))


def _places(file: DataFile, reader: Reader) -> list[Path]:
    if reader.folder is None:
        return []
    names = (file.name, *file.also)
    return [folder / name for folder in (reader.folder / file.folder, reader.folder) for name in names]


def _fetch(file: DataFile, reader: Reader) -> bytes:
    if not file.url:
        raise DataError(f"expected {file.name}, which has no public address, got none; {_advice(file, reader)}")
    try:
        return download(file.url, file.members)
    except DownloadError as error:
        raise DataError(f"expected {file.name}, got {error} from {file.url}; {_advice(file, reader)}") from error


def _checked(file: DataFile, raw: bytes, what: str, advice: str) -> bytes:
    """Return the normalised content; raises ``DataError`` when it is not the one expected."""
    expected = f"content of SHA-256 {file.sha256}" if file.sha256 else "a whole file"
    try:
        content = file.normalise(raw)
    except (OSError, EOFError, zlib.error, ValueError) as error:  # what unpacking raises
        got = f"a file that was cut off or altered ({error})"
        raise DataError(f"{what}: expected {expected}, got {got}; {advice}") from error
    if file.sha256 and (got := hashlib.sha256(content).hexdigest()) != file.sha256:
        raise DataError(f"{what}: expected {expected}, got {got}; {advice}")
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
