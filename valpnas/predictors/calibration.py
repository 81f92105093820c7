"""Calibration: per change, what it gained in the table of gains, at best told apart by one trait of the place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from valpnas.errors import StoreError
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.store.files import read_json, whole, write_json

FORMAT = "valpnas-calibration/1"


@dataclass(frozen=True)
class Effect:
    """Mean gain in log loss, its standard error over base models, and of how many of these and of places.

    ``parameters`` is the mean factor by which the change multiplied those of the model.
    """

    gain: float
    error: float
    models: int
    places: int
    parameters: float

    @property
    def least(self) -> float:
        """The mean less its standard error: what it gains at least, more likely than not."""
        return self.gain - self.error

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"gained {_signed(self.gain)} +- {_plain(self.error)}"


@dataclass(frozen=True)
class Split:
    """Places whose ``trait`` lies below ``threshold``, and the others."""

    trait: str
    threshold: float
    below: Effect
    above: Effect


@dataclass(frozen=True)
class Expected:
    """What a change is expected to gain at a place, and why, in words."""

    effect: Effect
    reason: str


@dataclass(frozen=True)
class Calibration:
    """What every change gained after ``horizon`` batches: over all places, and on either side of its split if any.

    A change is a variant with what it sets, if it sets something. ``sources`` say on which problems; ``table`` is the
    digest of the table of gains.
    """

    horizon: int
    effects: Mapping[str, Effect]
    splits: Mapping[str, Split]
    sources: tuple[Mapping[str, Any], ...]
    table: str

    def expected(self, change: str, traits: Mapping[str, float]) -> Expected | None:
        """Return what ``change`` is expected to gain at a place with these traits; None where nothing was measured."""
        if change not in self.effects:
            return None
        effect, where = self.effects[change], "anywhere"
        if split := self.splits.get(change):
            below = traits[split.trait] < split.threshold
            effect = split.below if below else split.above
            where = f"where {split.trait} {'<' if below else '>='} {split.threshold:.3g}"
        return Expected(effect, f"{change} {where} {effect} ({self._measured(effect)})")

    def _measured(self, effect: Effect) -> str:
        problems = " and ".join(source["problem"] for source in self.sources)
        return f"{problems}, {self.horizon:,} batches, {effect.places} places in {effect.models} models"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data with a sentence on each change; ``from_json`` gives back an equal object."""
        return {
            "format": FORMAT,
            "horizon": self.horizon,
            "sources": [dict(source) for source in self.sources],
            "table": self.table,
            "effects": {change: asdict(effect) for change, effect in sorted(self.effects.items())},
            "splits": {change: asdict(split) for change, split in sorted(self.splits.items())},
            "in words": [sentence for change in sorted(self.effects) for sentence in self.sentences(change)],
        }

    def sentences(self, change: str) -> list[str]:
        """Return what is known of ``change``: one sentence, or one for either side of its split."""
        split = self.splits.get(change)
        sides = (0.0,) if split is None else (split.threshold - 1, split.threshold)
        every = dict.fromkeys(PLACE_TRAITS, 0.0)
        known = [self.expected(change, every | ({split.trait: side} if split else {})) for side in sides]
        return [each.reason for each in known if each]

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Calibration:
        """Read what ``to_json`` wrote; raises ``ValueError`` or ``LookupError`` for anything else."""
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r}")
        effects = {change: Effect(**effect) for change, effect in data["effects"].items()}
        splits = {change: _split(split) for change, split in data["splits"].items()}
        return Calibration(data["horizon"], effects, splits, tuple(data["sources"]), data["table"])


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write it as JSON."""
    write_json(path, calibration.to_json())


def read_calibration(path: Path) -> Calibration:
    """Read what ``write_calibration`` wrote; raises ``StoreError`` when it is missing, altered, or of other traits."""
    data = read_json(path)
    with whole(path, "a calibration"):
        found = Calibration.from_json(data)
    if unknown := sorted({split.trait for split in found.splits.values()} - {*PLACE_TRAITS}):
        raise StoreError(
            f"{path}: expected thresholds on traits that places have now, got {', '.join(unknown)}; "
            "make it anew with `valpnas experiment calibrate`"
        )
    return found


def _split(data: Mapping[str, Any]) -> Split:
    return Split(data["trait"], data["threshold"], Effect(**data["below"]), Effect(**data["above"]))


def _signed(value: float) -> str:
    """Return a figure as papers write it: +.021."""
    return f"{value:+.3f}".replace("+0.", "+.").replace("-0.", "-.")


def _plain(value: float) -> str:
    return _signed(value).removeprefix("+")
