"""Data files: found, fetched, unpacked, kept, and refused when they are not what they should be."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.file_server import serve
from valpnas.contracts.data_files import DataFile, cache_folder, find_or_fetch, read_content
from valpnas.contracts.problem import Reader
from valpnas.errors import ConfigError, DataError

CONTENT = b"a,b\n1,2\n"
FILE = DataFile("table.csv", "http://127.0.0.1:9/table.csv", hashlib.sha256(CONTENT).hexdigest(), folder="tables")


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


NESTED = zipped({"inner.zip": zipped({"deep/table.csv": CONTENT, "other.csv": b""})})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache, in a folder of the test's own."""
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "valpnas"


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("place", ["tables/table.csv", "table.csv"])
def test_found_in_the_users_folder(place: str, tmp_path: Path, cache: Path) -> None:
    path = put(tmp_path / "mine" / place)
    assert find_or_fetch(FILE, Reader(tmp_path / "mine")) == path
    assert not cache.exists()


def test_fetched_once_and_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve({"table.csv": CONTENT}, monkeypatch) as address:
        path = find_or_fetch(replace(FILE, url=f"{address}table.csv"), Reader())
    assert path == cache / "tables" / "table.csv"
    assert [each.name for each in path.parent.iterdir()] == ["table.csv"]
    assert find_or_fetch(FILE, Reader()).read_bytes() == CONTENT  # the server is gone


def test_a_damaged_copy_in_the_cache_is_fetched_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache / "tables" / "table.csv", CONTENT[:3])
    with serve({"table.csv": CONTENT}, monkeypatch) as address:
        path = find_or_fetch(replace(FILE, url=f"{address}table.csv"), Reader())
    assert path.read_bytes() == CONTENT


def test_unpacked_from_a_zip_in_a_zip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with serve({"all.zip": NESTED}, monkeypatch) as address:
        file = replace(FILE, url=f"{address}all.zip", members=("inner.zip", "deep/table.csv"))
        assert find_or_fetch(file, Reader(tmp_path)).read_bytes() == CONTENT


def test_the_checksum_is_of_the_normalised_content(tmp_path: Path) -> None:
    path = put(tmp_path / "table.csv", CONTENT.replace(b"\n", b"\r\n"))
    plain = replace(FILE, normalise=lambda content: content.replace(b"\r\n", b"\n"))
    assert find_or_fetch(plain, Reader(tmp_path)) == path
    with pytest.raises(DataError, match="expected content of SHA-256"):
        find_or_fetch(FILE, Reader(tmp_path))


def test_a_wrong_file_in_the_users_folder_is_refused(tmp_path: Path, cache: Path) -> None:
    path, wrong = put(tmp_path / "table.csv", b"other"), hashlib.sha256(b"other").hexdigest()
    with pytest.raises(DataError) as caught:
        find_or_fetch(FILE, Reader(tmp_path))
    digests = f"expected content of SHA-256 {FILE.sha256}, got {wrong}"
    assert str(caught.value) == f"{path}: {digests}; replace it, or take it away to have it fetched"
    assert not cache.exists()


def test_a_wrong_file_at_the_address_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serve({"table.csv": b"<html>moved</html>"}, monkeypatch) as address,
        pytest.raises(DataError, match=r"table.csv from http.*: expected content of SHA-256 .*, got .*; put table.csv"),
    ):
        find_or_fetch(replace(FILE, url=f"{address}table.csv"), Reader())
    assert not cache.exists()


@pytest.mark.parametrize(
    ("name", "members", "reason"),
    [
        ("missing.csv", (), "HTTP status 404"),
        ("text.zip", ("table.csv",), "an archive without it (File is not a zip file)"),
        ("all.zip", ("table.csv",), "an archive without it"),
        ("all.zip", ("inner.zip", "gone.csv"), "an archive without it"),
    ],
)
def test_a_failed_fetch_says_why(
    name: str, members: tuple[str, ...], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve({"text.zip": b"no zip", "all.zip": NESTED}, monkeypatch) as address:
        with pytest.raises(DataError) as caught:
            find_or_fetch(replace(FILE, url=address + name, members=members), Reader())
        assert f"expected table.csv, got {reason}" in str(caught.value)
        assert f"from {address}{name}; put table.csv into" in str(caught.value)


@pytest.mark.parametrize("folder", [None, "mine"])
def test_without_network_and_file_one_line_says_what_to_do(folder: str | None, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    reader = Reader(tmp_path / folder) if folder else Reader()
    with pytest.raises(DataError) as caught:
        find_or_fetch(FILE, reader)
    place = f"{tmp_path / 'mine' / 'tables'}" if folder else "a folder tables/ of a folder that VALPNAS_DATA names"
    assert (
        str(caught.value)
        == f"expected table.csv, got no answer (ConnectionError) from {FILE.url}; put table.csv into {place}"
    )


def test_a_cache_that_cannot_be_written_is_reported(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache)  # a file where the folder should be
    with (
        serve({"table.csv": CONTENT}, monkeypatch) as address,
        pytest.raises(DataError, match=r"expected to keep .*table.csv, got .*; put table.csv into"),
    ):
        find_or_fetch(replace(FILE, url=f"{address}table.csv"), Reader())


PACKED = gzip.compress(CONTENT, mtime=0)
GZIP = replace(FILE, name="table.csv.gz", normalise=gzip.decompress)


def test_the_content_is_unpacked_and_any_wrapper_will_do(tmp_path: Path) -> None:
    for wrapper in (PACKED, gzip.compress(CONTENT, compresslevel=1, mtime=7)):
        put(tmp_path / "table.csv.gz", wrapper)
        assert read_content(GZIP, Reader(tmp_path)) == CONTENT


def test_a_fetched_file_is_kept_as_it_came(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve({"table.csv.gz": PACKED}, monkeypatch) as address:
        assert read_content(replace(GZIP, url=f"{address}table.csv.gz"), Reader()) == CONTENT
    assert (cache / "tables" / "table.csv.gz").read_bytes() == PACKED
    assert read_content(GZIP, Reader()) == CONTENT


@pytest.mark.parametrize(
    "damaged",
    [PACKED[:-9], PACKED[:12], PACKED[:4], b"no gzip", PACKED[:-6] + b"x" + PACKED[-5:], PACKED[:11] + b"\xff" * 20],
    ids=["cut", "cut early", "cut in the header", "another format", "wrong checksum", "garbage inside"],
)
def test_a_damaged_archive_is_refused_in_one_line(damaged: bytes, tmp_path: Path) -> None:
    path = put(tmp_path / "table.csv.gz", damaged)
    with pytest.raises(DataError) as caught:
        read_content(GZIP, Reader(tmp_path))
    message = str(caught.value)
    assert message.startswith(f"{path}: expected content of SHA-256 {FILE.sha256}, got a file that was cut off")
    assert message.endswith("; replace it, or take it away to have it fetched")
    assert "\n" not in message


def test_an_empty_archive_is_not_the_content(tmp_path: Path) -> None:
    put(tmp_path / "table.csv.gz", b"")
    with pytest.raises(DataError, match=f"got {hashlib.sha256(b'').hexdigest()}"):
        read_content(GZIP, Reader(tmp_path))


def test_a_folder_that_does_not_exist_is_told_before_the_network_is_asked(tmp_path: Path) -> None:
    """What is in the cache needs no folder: a run made elsewhere can be opened."""
    with pytest.raises(ConfigError, match=r"folder of data files that exists, got .*none; make it or name another"):
        find_or_fetch(FILE, Reader(tmp_path / "none"))
    path = put(cache_folder() / "tables" / "table.csv")
    assert find_or_fetch(FILE, Reader(tmp_path / "none")) == path


def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "table.csv")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)  # the tests may run as root, whom no mode stops
    with pytest.raises(DataError) as caught:
        read_content(FILE, Reader(tmp_path))
    assert str(caught.value) == f"{path}: expected a file to read, got Permission denied; check its rights"
