"""What a space leaves to the problem."""

from __future__ import annotations

from valpnas import catalog
from valpnas.contracts.space import Space
from valpnas.search.build import build_space


def test_decoders_join_where_an_output_generates() -> None:
    assert build_space(Space(networks=("dense",)), catalog.problem("digits")).networks == ("dense", "decoder")
    assert build_space(Space(networks=("decoder", "dense")), catalog.problem("digits")).networks == ("decoder", "dense")


def test_none_join_where_no_output_does() -> None:
    assert build_space(Space(networks=("dense",)), catalog.problem("abalone")).networks == ("dense",)


def test_the_extent_is_that_of_the_largest_map() -> None:
    assert build_space(Space(), catalog.problem("digits")).cells.extent == (8, 8)
