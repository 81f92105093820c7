"""Shipped: the table of gains and the calibration that come with the package, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from valpnas.predictors.calibration import Calibration, read_calibration
from valpnas.predictors.gain_table import GainTable, read_table
from valpnas.predictors.learned import Learned, fit

_FOLDER = Path(__file__).parent / "data"
TABLE = _FOLDER / "gains.csv"
CALIBRATION = _FOLDER / "calibration.json"


@cache
def gain_table() -> GainTable:
    """Return the table of gains; raises ``StoreError`` when it was altered."""
    return read_table(TABLE)


@cache
def calibration() -> Calibration:
    """Return what was calibrated on the table; raises ``StoreError`` when it was altered."""
    return read_calibration(CALIBRATION)


@cache
def learned(names: Sequence[str]) -> Learned:
    """Return what the table says, at the horizon of the calibration, of gains by the traits ``names`` (a tuple)."""
    return fit(gain_table(), calibration().horizon, names)
