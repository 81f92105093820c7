"""Numbers as people read them, in the terminal and on pages: objectives, hypervolumes, and how many of what."""

from __future__ import annotations


def objective(value: float | None, form: str = ".4g") -> str:
    """Return the text of an objective, in ``form`` below a thousand and in whole numbers from there; None is empty."""
    if value is None:
        return ""
    return format(value, form) if abs(value) < 1000 else f"{value:,.0f}"


def hypervolume(value: float) -> str:
    """Return the text of a hypervolume, never with fewer than three digits that count.

    Four decimals, below 0.01 five, below 0.001 a power of ten.
    """
    size = abs(value)
    form = ".4f" if size >= 0.01 or not value else ".5f" if size >= 0.001 else ".2e"
    return format(value, form)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which gets an s unless there is one: 1 pair, 2 pairs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
