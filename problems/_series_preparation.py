"""Preparing series: missing values filled in, lengths evened out, every channel of every series standardised.

The choices, which ``notes`` puts into words for the sets that need them: a missing value is interpolated linearly
between its neighbours, at the ends it is the nearest value; a longer series than the longest of the training file is
cut; then every channel of a series gets mean 0 and deviation 1, a constant one zeros (POPNASv3 4.1); then zeros fill up
a shorter series.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from valpnas.problems._series_files import Labelled, Values

_CONSTANT = 1e-8  # relative to the mean: below it, a deviation is what rounding leaves of a constant


def prepared(series: Sequence[Values], length: int) -> NDArray[np.float32]:
    """Return the series as ``(n, channels, length)``."""
    rows = np.zeros((len(series), len(series[0]), length), dtype=np.float32)
    for row, values in zip(rows, series, strict=True):
        kept = filled(values)[:, :length]
        row[:, : kept.shape[1]] = standardised(kept)
    return rows


def filled(series: Values) -> Values:
    """Return a series ``(channels, length)`` without missing values; a channel of nothing else becomes zeros."""
    if not np.isnan(series).any():
        return series
    places = np.arange(series.shape[1])
    return np.stack([_interpolated(channel, places) for channel in series])


def _interpolated(channel: Values, places: NDArray[np.int64]) -> Values:
    known = ~np.isnan(channel)
    if not known.any():
        return np.zeros_like(channel)
    return np.interp(places, places[known], channel[known])


def standardised(series: Values) -> Values:
    """Return each channel with mean 0 and standard deviation 1; a constant channel becomes zeros."""
    mean, spread = series.mean(axis=1, keepdims=True), series.std(axis=1, keepdims=True)
    constant = spread <= _CONSTANT * np.maximum(1, np.abs(mean))
    scaled: Values = np.where(constant, 0.0, (series - mean) / np.where(constant, 1.0, spread))
    return scaled


def notes(train: Labelled, test: Labelled, length: int) -> tuple[str, ...]:
    """Say what was done to series that had gaps or other lengths than ``length``."""
    said = []
    gaps = [sum(int(np.isnan(one).sum()) for one in part.series) for part in (train, test)]
    if any(gaps):
        said.append(
            f"{gaps[0]} missing values of the training file and {gaps[1]} of the test file are interpolated linearly, "
            "at the ends of a series they are the nearest value"
        )
    lengths = [one.shape[1] for one in [*train.series, *test.series]]
    if min(lengths) < length:
        said.append(f"series of {min(lengths)} to {length} values: shorter ones are filled up with zeros at the end")
    if longer := sum(one.shape[1] > length for one in test.series):
        said.append(f"{longer} test series are longer than any for training: cut to {length} values")
    return tuple(said)
