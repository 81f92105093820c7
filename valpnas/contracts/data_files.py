"""Data files: found in the user's folder or fetched from their public address, and known by their checksum.

For problem files, ours and third parties'. Nothing is fetched unless a problem is loaded, and nothing that
fails its checksum is handed on: a run compares results across machines, so its data must be the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from valpnas.contracts.problem import Reader
from valpnas.errors import DataError

_PATIENCE = 30  # seconds without an answer


@dataclass(frozen=True)
class DataFile:
    """One file of data.

    ``folder`` is the sub-folder of the user's folder (and of our cache) it belongs in; the user's folder itself is
    looked at too. Where ``url`` leads to a zip, ``members`` are the names to open in it, the file itself last:
    ``("inner.zip", "table.csv")``. ``sha256`` is that of the content after ``normalise``, which evens out
    spellings of the same content.
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
    for place in _places(file, reader):
        if place.is_file():
            _check(file, place.read_bytes(), f"{place}", "replace it, or take it away to have it fetched")
            return place
    cached = _cache() / file.folder / file.name
    if not (cached.is_file() and _digest(file, cached.read_bytes()) == file.sha256):
        content = _fetch(file, reader)
        _check(file, content, f"{file.name} from {file.url}", _advice(file, reader))
        _keep(cached, content, file, reader)
    return cached


def _places(file: DataFile, reader: Reader) -> list[Path]:
    folder = reader.folder
    return [] if folder is None else [folder / file.folder / file.name, folder / file.name]


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("valpnas"))


def _fetch(file: DataFile, reader: Reader) -> bytes:
    """Return the file's content from its address."""
    try:
        return _member(_download(file.url), file.members)
    except (OSError, zipfile.BadZipFile, KeyError) as error:  # the errors of requests are OSErrors
        got = f"{_reason(error)} from {file.url}"
        raise DataError(f"expected {file.name}, got {got}; {_advice(file, reader)}") from error


def _download(url: str) -> bytes:
    import pooch

    download = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=_PATIENCE)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "download"
        try:
            download(url, str(path), None)
        except OSError as error:
            if (response := getattr(error, "response", None)) is not None:
                response.close()  # pooch leaves the connection of a refused request open
            raise
        return path.read_bytes()


def _member(content: bytes, members: tuple[str, ...]) -> bytes:
    for member in members:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(member)
    return content


def _check(file: DataFile, content: bytes, what: str, advice: str) -> None:
    if (digest := _digest(file, content)) != file.sha256:
        raise DataError(f"{what}: expected content of SHA-256 {file.sha256}, got {digest}; {advice}")


def _digest(file: DataFile, content: bytes) -> str:
    return hashlib.sha256(file.normalise(content)).hexdigest()


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


def _reason(error: Exception) -> str:
    """Say the failure in few words: the texts of connection errors run over several lines."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP status {response.status_code}"
    if isinstance(error, zipfile.BadZipFile | KeyError):
        return f"an archive without it ({error})"
    return f"no answer ({type(error).__name__})"
