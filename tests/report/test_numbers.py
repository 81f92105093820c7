"""Numbers of reports: sizes are whole numbers, errors have digits."""

from __future__ import annotations

import pytest

from valpnas.report.numbers import objective


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (51910.0, ".4g", "51,910"),
        (0.12345, ".4g", "0.1235"),
        (0.5, ".3f", "0.500"),
        (1234.5, ".3f", "1,234"),
        (None, ".4g", ""),
    ],
)
def test_objectives(value: float | None, form: str, text: str) -> None:
    assert objective(value, form) == text
