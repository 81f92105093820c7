"""Numbers of reports: sizes are whole numbers, errors have digits."""

from __future__ import annotations

import pytest

from valpnas.report.numbers import hypervolume, objective


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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0979, "0.0979"),
        (0.123456, "0.1235"),
        (0.000123, "1.23e-04"),
        (0.0091234, "0.00912"),
        (0.0, "0.0000"),
        (-5e-5, "-5.00e-05"),
    ],
)
def test_hypervolumes_keep_three_digits(value: float, text: str) -> None:
    assert hypervolume(value) == text
