"""download: the bytes at a public address, taken out of the archives they lie in."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

_PATIENCE = 30  # seconds without an answer


class DownloadError(Exception):
    """Nothing usable came from an address; the text says why in few words."""


def download(url: str, members: tuple[str, ...] = ()) -> bytes:
    """Return the content at ``url``, or that of a member of the zip there: of each zip the name of the next.

    Raises:
        DownloadError: no answer, a refusal, or an archive without the member.
    """
    try:
        content = _get(url)
        for member in members:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read(member)
    except (OSError, zipfile.BadZipFile, KeyError) as error:  # the errors of requests are OSErrors
        raise DownloadError(_reason(error)) from error
    return content


def _get(url: str) -> bytes:
    import pooch

    get = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=_PATIENCE)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "download"
        try:
            get(url, str(path), None)
        except OSError as error:
            if (response := getattr(error, "response", None)) is not None:
                response.close()  # pooch leaves the connection of a refused request open
            raise
        return path.read_bytes()


def _reason(error: Exception) -> str:
    """Say the failure in few words: the texts of connection errors run over several lines."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP status {response.status_code}"
    if isinstance(error, zipfile.BadZipFile | KeyError):
        return f"an archive without it ({error})"
    return f"no answer ({type(error).__name__})"
