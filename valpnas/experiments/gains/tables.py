"""Tables of the initial experiment: what each operator gained, and which two differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from valpnas.experiments.gains.prices import PriceList
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


def price_table(found: PriceList) -> Table:
    """Return a row per predictor and per trait alone."""
    rows = tuple(
        (
            each.predictor,
            f"{each.order:+.2f}",
            f"{each.p:.3g}",
            "" if each.error is None else f"x {each.error:.2f}",
            "" if each.p_error is None else f"{each.p_error:.3g}",
        )
        for each in found.prices
    )
    title = f"prices after {found.horizon:,} batches, of places in models not used for fitting"
    return Table(title, ("predictor", "order", "p Holm", "squared error", "p Holm of it"), rows)


def price_sentences(found: PriceList) -> list[str]:
    """Say how the table of prices is read, and what noise leaves possible."""
    ceiling = "not known: the table does not say how often a place was retrained"
    if found.ceiling is not None:
        ceiling = f"{found.ceiling:.2f}, which is as far as any order could go, given how much retrainings differ"
    return [
        f"{found.places:,} places in {found.models} models. Order: the mean over operators of Spearman's correlation "
        "between predicted and measured gain; p of predictors by Wilcoxon's test over models. A trait alone has the "
        "sign that it has in the other models, so where it tells nothing its order is below 0; p by shuffling gains.",
        f"Noise ceiling of the order: {ceiling}.",
        "Squared error: as a share of that of the operators' mean gains in the other models; p over models that it is "
        "smaller.",
    ]
