"""The price list in words and as a table."""

from __future__ import annotations

from statistics import fmean

from valpnas.experiments.duel import LEVEL
from valpnas.experiments.gains.price_predictors import FOLDS
from valpnas.experiments.gains.prices import Price, PriceList
from valpnas.experiments.tables import Table

_COLUMNS = ("price", "order", "p Holm", "correlation as it is", "squared error", "p Holm of error")


def price_table(found: PriceList) -> Table:
    """Return a row per predictor and per trait alone."""
    rows = tuple(_row(price) for price in (*found.predictors, *found.traits))
    return Table(f"prices after {found.horizon:,} batches, of places in models not used for fitting", _COLUMNS, rows)


def _row(price: Price) -> tuple[str, ...]:
    told = (price.name, f"{price.order:+.2f}", f"{price.p:.2g}")
    if price.error is None or price.p_error is None:
        return *told, f"{price.plain:+.2f}", "", ""
    return *told, "", f"x {price.error:.2f}", f"{price.p_error:.2g}"


def price_sentences(found: PriceList) -> list[str]:
    """Say how the table of prices is read, and what noise leaves possible."""
    told = [
        _verdict(found),
        f"{found.places:,} places in {found.models} models, in {min(found.models, FOLDS)} folds of models. Order: mean "
        "over operators of Spearman's correlation between predicted and measured gain; p by shuffling gains, of "
        "predictors and traits apart. A trait alone has the sign that it has in the other models, so where it tells "
        "nothing its order is below 0; beside it the correlation of the trait as it is.",
        _ceiling(found),
        "Squared error: as a share of that of the mean gains of the same change (an operator with what it sets) in the "
        "other models; p of Wilcoxon's test over models, which could be "
        f"{len(found.predictors) * found.least_p:.2g} at best.",
    ]
    if found.everywhere:
        told.append(f"The same everywhere, so that nothing can be said of them: {', '.join(found.everywhere)}.")
    return told


def _verdict(found: PriceList) -> str:
    sure = [price.name for price in (*found.predictors, *found.traits) if price.p < LEVEL]
    best = max((*found.predictors, *found.traits), key=lambda price: price.order)
    told = f"{', '.join(sure)} order places better than chance" if sure else "Nothing orders places better than chance"
    return f"{told} (p < {LEVEL} after Holm's correction); the highest order is {best.order:+.2f}, of {best.name}."


def _ceiling(found: PriceList) -> str:
    if not found.ceilings:
        return (
            "Noise ceiling: not known, for the table does not say of any operator's places how much retrainings "
            "of one differ."
        )
    values = sorted(found.ceilings.values())
    none = [name for name, value in found.ceilings.items() if value == 0]
    told = (
        f"Noise ceiling of the order, estimated: {fmean(values):.2f} in the mean of operators, up to {values[-1]:.2f}"
    )
    return told + (f"; 0, nothing but noise, of {', '.join(none)}." if none else f", from {values[0]:.2f} on.")
