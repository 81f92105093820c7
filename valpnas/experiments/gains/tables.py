"""Tables of the initial experiment: what each operator gained, and which two differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from valpnas.experiments.gains.summary import Effect
from valpnas.experiments.tables import Table

_EFFECT_COLUMNS = (
    "operator", "batches", "models", "places", "mean gain", "standard error", "better", "worst", "best",
    "parameters", "ceiling",
)  # fmt: skip


def effect_table(effects: Sequence[Effect]) -> Table:
    """Return a row per operator and horizon."""
    rows = tuple(
        (
            e.variant,
            f"{e.batches:,}",
            str(e.models),
            str(e.places),
            f"{e.mean:+.4f}",
            "" if e.error is None else f"{e.error:.4f}",
            f"{e.better:.0%}",
            f"{e.worst:+.3f}",
            f"{e.best:+.3f}",
            f"x {e.parameters:.2f}",
            "" if e.ceiling is None else f"{e.ceiling:.2f}",
        )
        for e in effects
    )
    return Table("gain in log loss beyond the same batches without a change", _EFFECT_COLUMNS, rows)


def pair_table(pairs: Mapping[tuple[str, str], tuple[float, float]], batches: int) -> Table:
    """Return Dunn's test of each two operators at one horizon, the surest first."""
    rows = tuple(
        (a, b, f"{z:+.2f}", f"{p:.3g}") for (a, b), (z, p) in sorted(pairs.items(), key=lambda item: item[1][1])
    )
    return Table(f"Dunn's test after {batches:,} batches", ("first", "second", "z", "p Holm"), rows, words=2)
