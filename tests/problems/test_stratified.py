"""Stratified splits: every row in one part, every class in proportion, and never without a row that trains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valpnas.errors import DataError
from valpnas.problems._stratified import small_set_sizes, stratified


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 5), st.floats(0.01, 0.3))
def test_every_class_has_its_share_of_every_part(counts: list[int], seed: int, share: float) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    free = len(labels) - len(counts)
    diagnostic = validation = max(1, int(share * free))
    if diagnostic + validation > free:
        with pytest.raises(DataError, match="to hold out"):
            stratified(labels, diagnostic, validation, seed)
        return
    train, looked_at, validates = stratified(labels, diagnostic, validation, seed)
    assert sorted(np.concatenate([train, looked_at, validates])) == list(range(len(labels)))
    assert (len(looked_at), len(validates)) == (diagnostic, validation)
    for kind, count in enumerate(counts):
        assert (labels[train] == kind).any()
        held = (labels[looked_at] == kind).sum() + (labels[validates] == kind).sum()
        assert abs(held - (count - 1) * 2 * validation / free) <= 1
        assert abs((labels[looked_at] == kind).sum() - held / 2) <= 1


def test_a_split_is_its_seed() -> None:
    labels = np.arange(90) % 3
    one, other = stratified(labels, 5, 9, 0), stratified(labels, 5, 9, 0)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(one[2], stratified(labels, 5, 9, 1)[2])


@pytest.mark.parametrize(
    ("rows", "sizes"), [(40, (4, 10)), (200, (20, 50)), (500, (25, 60)), (1000, (50, 100)), (9000, (450, 900))]
)
def test_small_sets_keep_enough_to_train_on(rows: int, sizes: tuple[int, int]) -> None:
    assert small_set_sizes(rows) == sizes
