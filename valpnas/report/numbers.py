"""Numbers as people read them: objectives, in the terminal and on the page."""

from __future__ import annotations


def objective(value: float | None, form: str = ".4g") -> str:
    """Return the text of an objective, in ``form`` below a thousand and in whole numbers from there; None is empty."""
    if value is None:
        return ""
    return format(value, form) if abs(value) < 1000 else f"{value:,.0f}"
