"""Optimiser groups: outputs of equal algorithm and rate share one, led by the first."""

from __future__ import annotations

from hypothesis import given

from valpnas.graph.optimiser_groups import OptimiserGroup, optimiser_groups
from valpnas.graph.valp import OutputTraining, Valp

from .strategies import quick, valps
from .toys import sketch

DEFAULT = OutputTraining()


def test_equal_outputs_share_a_group() -> None:
    valp = sketch("i1 > o1, i1 > o2, i1 > o3")
    assert optimiser_groups(valp) == (OptimiserGroup(("o1", "o2", "o3"), DEFAULT),)
    slow, other = OutputTraining(1e-4), OutputTraining(DEFAULT.learning_rate, "sgd")
    assert optimiser_groups(valp.with_training("o2", slow)) == (
        OptimiserGroup(("o1", "o3"), DEFAULT),
        OptimiserGroup(("o2",), slow),
    )
    assert [group.lead for group in optimiser_groups(valp.with_training("o1", other))] == ["o1", "o2"]


@quick
@given(valps())
def test_groups_part_the_outputs(valp: Valp) -> None:
    groups = optimiser_groups(valp)
    assert sorted(output for group in groups for output in group.outputs) == sorted(valp.tasks)
    assert len({group.how for group in groups}) == len(groups)
    assert [group.lead for group in groups] == sorted(group.lead for group in groups)
    for group in groups:
        assert {valp.output_training[output] for output in group.outputs} == {group.how}
        assert group.lead == min(group.outputs)
