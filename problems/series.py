"""ucr:NAME and uea:NAME: a data set of the UCR or UEA archive of time series, one input and one class to be named.

The archives' test file is the test part, so that errors can be compared with anybody's; the training file is split into
the other three (``_stratified.py``). How series are prepared: ``_series_preparation.py``. A set's lengths and classes
are known from its files alone, so these are read when the problem is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from valpnas.contracts.data_files import DataFile, read_content
from valpnas.contracts.problem import Part, Parts, Problem, Reader
from valpnas.errors import DataError, UnknownNameError
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Input, Output
from valpnas.problems._archive_names import OF_UNEQUAL_LENGTH, UCR, UEA
from valpnas.problems._series_files import Labelled, read_series, unpacked
from valpnas.problems._series_preparation import notes, prepared
from valpnas.problems._stratified import small_set_sizes, stratified

NAMES = {"ucr": UCR, "uea": UEA}
ADDRESS = "https://www.timeseriesclassification.com/aeon-toolkit/"
ENDINGS = (".ts", ".ts.gz", ".tsv", ".tsv.gz")
SPLIT_SEED = 0
IDEAL = 0.01  # of the reference: no model of any of these sets is expected to err a hundredth as often as a constant


def series(archive: str, argument: str, reader: Reader) -> Problem:
    """Return the problem of the set ``argument`` of ``archive`` ("ucr" or "uea").

    Raises:
        UnknownNameError: the archive has no such set, and neither has the user's folder.
        DataError: its files are missing or malformed.
    """
    files = files_of(archive, argument, reader)
    train, test = (_read(file, reader, argument) for file in files)
    parts, classes = parts_of(train, test)
    channels, length = next(iter(parts.train.inputs.values())).shape[1:]
    reference = _constant_error(parts)
    return Problem(
        name=f"{archive}:{argument}",
        summary=f"series of {length} values and {channels} channel(s): name the class, one of {len(classes)}; "
        "each channel of each series is standardised",
        inputs=(Input("series", (channels, length), kind="series"),),
        outputs=(Output("label", Classification(len(classes))),),
        load=lambda _: parts,
        reference={"label": reference},
        ideal={"label": IDEAL * reference},
        files=files,
        notes=notes(train, test, length),
    )


def files_of(archive: str, name: str, reader: Reader) -> tuple[DataFile, DataFile]:
    """Return the training and the test file of a set; raises ``UnknownNameError`` when there is no such set."""
    there = at_hand(archive, reader)
    if name not in NAMES[archive] and name not in there:
        raise UnknownNameError(f"{archive} series", name, [*NAMES[archive], *there], _told(archive, there))
    train, test = (_file(archive, name, f"{name}_{part}") for part in ("TRAIN", "TEST"))
    return train, test


def at_hand(archive: str, reader: Reader) -> list[str]:
    """Return the sets of an archive whose training file lies in the user's folder."""
    if reader.folder is None or not (folder := Path(reader.folder) / archive).is_dir():
        return []
    names = (file.name for file in folder.iterdir())
    return sorted({n.removesuffix(f"_TRAIN{e}") for n in names for e in ENDINGS if n.endswith(f"_TRAIN{e}")})


def _told(archive: str, there: Sequence[str]) -> str:
    return f" (at hand: {', '.join(f'{archive}:{name}' for name in there)})" if there else ""


def _file(archive: str, name: str, stem: str) -> DataFile:
    """No checksum of these files is published: they are known by their form, and ``valpnas fetch`` says so."""
    also = tuple(stem + ending for ending in ENDINGS[1:])
    url = f"{ADDRESS}{name}.zip"
    return DataFile(f"{stem}.ts", url, "", archive, (f"{stem}.ts",), normalise=unpacked, also=also)


def _read(file: DataFile, reader: Reader, name: str) -> Labelled:
    return read_series(read_content(file, reader), file.name.removesuffix(".ts"), name in OF_UNEQUAL_LENGTH)


def parts_of(train: Labelled, test: Labelled) -> tuple[Parts, list[str]]:
    """Return the four parts and the labels in the order of the classes.

    Raises:
        DataError: one class only, a test label that no training series has, another number of channels, few series.
    """
    classes = sorted(set(train.labels), key=_by_number)
    if len(classes) < 2:
        raise DataError(f"expected series of two classes or more, got {len(classes)}; name another set")
    if strange := sorted(set(test.labels) - set(classes)):
        raise DataError(f"expected test labels among {', '.join(classes)}, got {strange[0]!r}; replace the test file")
    if len(test.series[0]) != len(train.series[0]):
        got = f"{len(train.series[0])} and {len(test.series[0])}"
        raise DataError(f"expected as many channels in training and test series, got {got}; replace the files")
    length = max(one.shape[1] for one in train.series)
    rows, held_out = (_part(part, classes, length) for part in (train, test))
    chosen = stratified(_labels(train, classes), *small_set_sizes(len(train)), SPLIT_SEED)
    trains, diagnostic, validation = (rows.take(part) for part in chosen)
    return Parts(trains, diagnostic, validation, held_out), classes


def _by_number(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label


def _labels(part: Labelled, classes: Sequence[str]) -> NDArray[np.int64]:
    return np.array([classes.index(label) for label in part.labels], dtype=np.int64)


def _part(part: Labelled, classes: Sequence[str], length: int) -> Part:
    return Part({"series": prepared(part.series, length)}, {"label": _labels(part, classes)})


def _constant_error(parts: Parts) -> float:
    """Return how often the commonest class of the training rows is wrong on validation rows."""
    commonest = np.bincount(parts.train.targets["label"]).argmax()
    return float((parts.validation.targets["label"] != commonest).mean())
