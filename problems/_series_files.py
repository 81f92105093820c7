"""Files of labelled series: the .ts format of timeseriesclassification.com and the .tsv format of the UCR archive."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valpnas.errors import DataError

Values = NDArray[np.float64]

_GZIP = b"\x1f\x8b"
_MISSING = "?"  # beside NaN


@dataclass(frozen=True)
class Labelled:
    """Series ``(channels, length)`` each, missing values NaN, and the label of each as the file spells it."""

    series: Sequence[Values]
    labels: Sequence[str]

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.series)


def unpacked(raw: bytes) -> bytes:
    """Return the text of a file that may be compressed by gzip; raises what gzip raises."""
    return gzip.decompress(raw) if raw.startswith(_GZIP) else raw


def read_series(content: bytes, what: str, ends_in_nan: bool = False) -> Labelled:
    """Return the series in a .ts or .tsv file, told apart by its first line.

    Args:
        content: the file's bytes, unpacked.
        what: what to call it in messages.
        ends_in_nan: NaNs at the end of a .tsv row say that the series has ended, not that values are missing.

    Raises:
        DataError: it is neither, or a kind that is not read here (time stamps, no class labels).
    """
    lines = [line for line in _text(content, what).splitlines() if line.strip()]
    if not lines:
        raise DataError(f"{what}: expected series, got an empty file; replace it")
    found = _read_ts(lines, what) if lines[0][0] in "#@" else _read_tsv(lines, what, ends_in_nan)
    if len(channels := {len(one) for one in found.series}) != 1:
        raise DataError(f"{what}: expected as many channels in each series, got {sorted(channels)}; replace the file")
    return found


def _text(content: bytes, what: str) -> str:
    try:
        return content.decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        return _latin(content, what)


def _latin(content: bytes, what: str) -> str:
    """Comments of some archive files are in Latin-1; data are ASCII."""
    text = content.decode("latin-1")
    if "\0" in text:
        raise DataError(f"{what}: expected a text file, got a binary one; replace it")
    return text


def _read_tsv(lines: Sequence[str], what: str, ends_in_nan: bool) -> Labelled:
    series, labels = [], []
    for number, line in enumerate(lines, 1):
        label, *cells = line.strip("\r\n").rstrip("\t").split("\t")
        row = _numbers(cells, f"{what}, line {number}")
        series.append((_without_end(row) if ends_in_nan else row)[None])
        labels.append(_label(label))
    return Labelled(series, labels)


def _label(text: str) -> str:
    """Return a label alike for ``1``, ``1.0`` and ``1.0000000e+00``, as different prints of a set spell it."""
    try:
        number = float(text)
    except ValueError:
        return text.strip()
    return str(int(number)) if number.is_integer() else repr(number)


def _without_end(row: Values) -> Values:
    known = np.flatnonzero(~np.isnan(row))
    return row[: known[-1] + 1] if len(known) else row[:1]


def _read_ts(lines: Sequence[str], what: str) -> Labelled:
    start = next((i for i, line in enumerate(lines) if line.strip().lower() == "@data"), None)
    if start is None:
        raise DataError(f"{what}: expected a line @data, got none; replace the file")
    head = dict(_heading(line) for line in lines[:start] if line.startswith("@"))
    if head.get("timestamps", "false").startswith("true"):
        raise DataError(f"{what}: expected series without time stamps, got time stamps; write values alone")
    if not head.get("classlabel", "").startswith("true"):
        raise DataError(f"{what}: expected class labels, got none; a regression is no problem of this family")
    series, labels = [], []
    for number, line in enumerate(lines[start + 1 :], start + 2):
        *channels, label = line.strip().split(":")
        place = f"{what}, series {number - start - 1}"
        series.append(_stacked([_numbers(channel.split(","), place) for channel in channels], place))
        labels.append(_label(label))
    if not series:
        raise DataError(f"{what}: expected series behind @data, got none; replace the file")
    return Labelled(series, labels)


def _heading(line: str) -> tuple[str, str]:
    key, _, value = line[1:].strip().partition(" ")
    return key.lower(), value.strip().lower()


def _stacked(channels: Sequence[Values], place: str) -> Values:
    """Return channels ``(channels, length)``; shorter ones end in NaN, which is how a missing end is written."""
    if not channels:
        raise DataError(f"{place}: expected values and a label, parted by colons, got one of them; replace the file")
    longest = max(len(channel) for channel in channels)
    stacked = np.full((len(channels), longest), np.nan)
    for row, channel in zip(stacked, channels, strict=True):
        row[: len(channel)] = channel
    return stacked


def _numbers(cells: Sequence[str], place: str) -> Values:
    try:
        row = np.array([np.nan if cell.strip() == _MISSING else float(cell) for cell in cells])
    except ValueError as error:
        raise DataError(f"{place}: expected numbers, got {error}; replace the file") from error
    if len(row) == 0 or np.isinf(row).any():
        raise DataError(f"{place}: expected finite values, got {'infinite ones' if len(row) else 'none'}; correct it")
    return row
