"""The layout: a source is multiplied once for neighbours that hear it, and weights of unlike age lie apart."""

from __future__ import annotations

from collections.abc import Mapping

from valpnas.training.compiled.layout import Layout, Traits, plan_layout
from valpnas.training.compiled.nodes import Affine, Term
from valpnas.training.compiled.parameters import Parameters

SIZES = {"x": 9, "z": 4, "a": 2, "b": 3, "c": 5}


def affine(name: str, *sources: str) -> Affine:
    return Affine(
        name, name, SIZES[name], tuple(Term(source, f"{source}>{name}") for source in sources), f"{name}.bias"
    )


NODES = [affine("a", "x"), affine("b", "x", "z"), affine("c", "x")]


def traits(ages: Mapping[str, int] = {}, reached: Mapping[str, tuple[int, ...]] = {}) -> Traits:
    return Traits(lambda component: reached.get(component, (0,)), lambda tensor: ages.get(tensor, 0))


def planned(how: Traits, wide: frozenset[str] = frozenset(), apart: bool = False) -> Layout:
    return plan_layout(NODES, SIZES, wide, how, apart)


def products(layout: Layout) -> set[tuple[str, tuple[str, ...]]]:
    return {(product.source, product.targets) for product in layout.products}


def test_one_product_for_all_receivers_of_a_source() -> None:
    assert products(planned(traits())) == {("x", ("b", "a", "c")), ("z", ("b",))}


def test_unlike_ages_are_not_multiplied_together() -> None:
    assert products(planned(traits({"x>c": 7}))) == {("x", ("b", "a")), ("x", ("c",)), ("z", ("b",))}


def test_weights_that_other_optimisers_move_lie_apart() -> None:
    found = products(planned(traits(reached={"c": (0, 1)})))
    assert found == {("x", ("b", "a")), ("x", ("c",)), ("z", ("b",))}


def test_several_models_are_stacked_by_what_their_nodes_hear() -> None:
    assert products(planned(traits(), apart=True)) == {("x", ("a", "c")), ("x", ("b",)), ("z", ("b",))}


def test_wide_nodes_have_products_of_their_own() -> None:
    assert products(planned(traits(), frozenset({"a"}))) == {("x", ("b", "c")), ("x", ("a",)), ("z", ("b",))}


def test_tensors_fill_the_buffer_without_overlap() -> None:
    for models in (1, 3):
        layout = planned(traits({"x>c": 7}), apart=models > 1)
        parameters = Parameters(layout, SIZES, traits(), models)
        seen: set[int] = set()
        for place in parameters.places.values():
            for model in range(models):
                start, shape = place.offset + model * place.next_model, (*place.shape, 1)
                strides = (*place.strides, 0)
                inside = {start + i * strides[0] + j * strides[1] for i in range(shape[0]) for j in range(shape[1])}
                assert not inside & seen
                seen |= inside
        assert seen == set(range(parameters.size))


def test_stretches_of_one_age_are_one() -> None:
    young = Parameters(planned(traits()), SIZES, traits(), 1)
    (segment,) = young.segments(0, lambda _: 0.0)
    assert (segment.start, segment.end) == (0, young.size)
    ages = {"x>c": 7, "c.bias": 7}
    mixed = Parameters(planned(traits(ages)), SIZES, traits(ages), 1)
    found = mixed.segments(0, lambda piece: ages.get(piece.tensor, 0))
    assert sum(segment.end - segment.start for segment in found) == mixed.size
    assert len(found) == 4
