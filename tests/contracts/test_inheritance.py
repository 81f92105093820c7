"""Inheritance: what of the optimisers' state, the histories and the ages survives a change, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.graph.strategies import quick
from tests.graph.toys import sketch
from valpnas.contracts.inheritance import gather, inherit
from valpnas.contracts.model import Lineage, Model, Mutated, Origin
from valpnas.graph.valp import OutputTraining, Valp

VALP = sketch("i1 > n1 > o1, n1 > o2")
WHOLE = (None, None)
SLOW, SGD = OutputTraining(1e-4), OutputTraining(3e-3, "sgd")


def numbers(*shape: int, start: int = 1) -> Tensor:
    return torch.arange(start, start + int(np.prod(shape)), dtype=torch.float32).reshape(shape)


def slots(shape: tuple[int, ...], start: int = 1) -> dict[str, Tensor]:
    """The state that Adam keeps of one tensor."""
    return {"step": torch.tensor(7.0), "exp_avg": numbers(*shape, start=start), "exp_avg_sq": numbers(*shape, start=50)}


def parent(valp: Valp = VALP, state: Mapping[str, Mapping[str, dict[str, Tensor]]] | None = None) -> Model:
    weights = {"networks.n1.w": numbers(3, 2), "outputs.o1.w": numbers(2, 2), "outputs.o2.w": numbers(2, 2)}
    if state is None:
        state = {"o1": {name: slots(tuple(value.shape)) for name, value in weights.items()}}
    histories = {"o1": torch.tensor([3.0, 2.0]), "o2": torch.tensor([5.0])}
    return Model(valp, weights, {}, state, histories, {"n1": 40}, batches=90, changed_at=50)


def child(
    model: Model,
    valp: Valp = VALP,
    origins: Mapping[str, Origin] | None = None,
    weights: Mapping[str, Tensor] | None = None,
) -> Model:
    """The child of ``model`` whose tensors come whole from where they were, but for ``origins`` and new ``weights``."""
    tensors = {name: Origin(name, WHOLE) for name in model.weights} | dict(origins or {})
    lineage = Lineage(tensors, {n.id: (0, n.id) for n in model.valp.networks}, dict.fromkeys(valp.tasks, 0))
    return inherit([model], Mutated(valp, {**model.weights, **(weights or {})}, {}, lineage))


@quick
@given(st.data())
def test_gather_is_indexing_with_a_fill(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    index = tuple(data.draw(st.none() | st.lists(st.integers(-1, size - 1), max_size=5)) for size in shape)
    tensor = numbers(*shape)
    rows, columns = (range(size) if i is None else i for i, size in zip(index, shape, strict=True))
    expected = [[-9.0 if -1 in (r, c) else float(tensor[r, c]) for c in columns] for r in rows]
    found = gather(tensor, tuple(None if i is None else np.array(i, dtype=np.int64) for i in index), fill=-9.0)
    assert found.shape == (len(rows), len(columns))
    assert found.tolist() == expected
    assert torch.equal(tensor, numbers(*shape))


def test_gather_fills_with_zero_and_keeps_the_type() -> None:
    found = gather(numbers(3).double(), (np.array([2, -1, 0]),))
    assert found.tolist() == [3.0, 0.0, 1.0]
    assert found.dtype == torch.float64


def test_survivors_keep_their_moments_and_new_entries_start_fair() -> None:
    grown = {"networks.n1.w": Origin("networks.n1.w", (np.array([0, 2, -1]), np.array([1, -1])))}
    found = child(parent(), origins=grown, weights={"networks.n1.w": torch.zeros(3, 2)}).optimiser["o1"][
        "networks.n1.w"
    ]
    before = slots((3, 2))
    mean = float(before["exp_avg_sq"].mean())
    assert found["exp_avg"].tolist() == [[2.0, 0.0], [6.0, 0.0], [0.0, 0.0]]
    assert found["exp_avg_sq"].tolist() == [[51.0, mean], [55.0, mean], [mean, mean]]
    assert float(found["step"]) == 7.0


@pytest.mark.parametrize("algorithm", ["adam", "adamw", "sgd", "rmsprop", "adagrad"])
def test_a_new_entry_of_any_algorithm_starts_without_direction_but_with_a_scale(algorithm: str) -> None:
    weight = torch.nn.Parameter(torch.ones(2, 2))
    made = {"sgd": {"momentum": 0.9}, "rmsprop": {"momentum": 0.9, "centered": True}}.get(algorithm, {})
    optimiser = {
        "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD,
        "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad,
    }[algorithm]([weight], lr=0.1, **made)  # fmt: skip
    (weight * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    optimiser.step()
    state = {name: value for name, value in optimiser.state[weight].items() if isinstance(value, Tensor)}
    valp = VALP.with_training("o1", OutputTraining(0.1, algorithm))
    grown = {"outputs.o1.w": Origin("outputs.o1.w", (np.array([0, 1, -1]), None))}
    found = child(parent(valp, {"o1": {"outputs.o1.w": state}}), valp, grown).optimiser["o1"]["outputs.o1.w"]
    assert set(found) == set(state)
    for part, value in found.items():
        squares = part in ("exp_avg_sq", "square_avg", "sum")
        expected = state[part] if value.dim() == 0 else state[part].mean().expand(2) if squares else torch.zeros(2)
        assert torch.equal(value if value.dim() == 0 else value[2], expected), part


def test_a_new_tensor_has_no_state() -> None:
    model = parent()
    tensors = {name: Origin(name, WHOLE) for name in model.weights}
    lineage = Lineage(tensors, {"n1": (0, "n1")}, {"o1": 0, "o2": 0})
    weights = {**model.weights, "networks.n1.branch": numbers(2)}
    assert "networks.n1.branch" not in inherit([model], Mutated(VALP, weights, {}, lineage)).optimiser["o1"]


def test_a_renamed_tensor_takes_its_state_along() -> None:
    found = child(parent(), origins={"networks.n1.w": Origin("outputs.o2.w", WHOLE)}).optimiser["o1"]
    assert torch.equal(found["networks.n1.w"]["exp_avg"], slots((2, 2))["exp_avg"])


def test_ages_histories_and_counts() -> None:
    one, other = parent(), parent()
    lineage = Lineage({}, {"n1": (0, "n1"), "n2": (1, "n1")}, {"o1": 1})
    valp = sketch("i1 > n1 > o1, n1 > n2 > o2, n1 > n3 > o2")
    found = inherit([one, other], Mutated(valp, {}, {"b": numbers(1)}, lineage))
    assert found.ages == {"n1": 40, "n2": 40, "n3": 0}
    assert list(found.histories) == ["o1"]
    assert found.histories["o1"] is other.histories["o1"]
    assert (found.batches, found.changed_at) == (90, 90)
    assert (found.optimiser, list(found.buffers), found.valp) == ({}, ["b"], valp)


def test_what_balancing_learned_goes_with_the_output() -> None:
    """However the output is trained from then on; one that the lineage does not mention begins afresh."""
    learned = {output: {"s": torch.tensor(value)} for output, value in {"o1": 1.5, "o2": 2.5}.items()}
    one, other = replace(parent(), balancer=learned), parent()
    assert child(one, VALP.with_training("o1", SGD).with_training("o2", SLOW)).balancer == learned
    known = {"o1": 0, "o2": 1}  # the second parent has nothing to hand on
    assert inherit([one, other], Mutated(VALP, {}, {}, Lineage({}, {}, known))).balancer == {"o1": learned["o1"]}
    assert inherit([one], Mutated(VALP, {}, {}, Lineage({}, {}, {"o2": 0}))).balancer == {"o2": learned["o2"]}


def test_a_donated_tensor_brings_the_donors_state() -> None:
    donor = parent(state={"o1": {"outputs.o1.w": slots((2, 2), start=100)}})
    lineage = Lineage({"outputs.o1.w": Origin("outputs.o1.w", WHOLE, parent=1)}, {}, {})
    found = inherit([parent(), donor], Mutated(VALP, {"outputs.o1.w": numbers(2, 2)}, {}, lineage))
    assert torch.equal(found.optimiser["o1"]["outputs.o1.w"]["exp_avg"], numbers(2, 2, start=100))


def test_another_learning_rate_keeps_state_and_another_algorithm_drops_it() -> None:
    model = parent()
    slower = VALP.with_training("o1", SLOW).with_training("o2", SLOW)
    assert child(model, slower).optimiser.keys() == {"o1"}
    assert child(model, slower).optimiser["o1"].keys() == model.weights.keys()
    assert child(model, VALP.with_training("o1", SGD).with_training("o2", SGD)).optimiser == {}
    assert child(model, VALP.with_training("o1", SGD)).optimiser.keys() == {"o2"}


def test_groups_that_split_each_keep_the_state() -> None:
    found = child(parent(), VALP.with_training("o2", SLOW)).optimiser
    for lead in ("o1", "o2"):
        assert torch.equal(found[lead]["networks.n1.w"]["exp_avg"], slots((3, 2))["exp_avg"])


def test_groups_that_merge_bring_their_states_together() -> None:
    apart = VALP.with_training("o2", SLOW)
    first = {"networks.n1.w": slots((3, 2)), "outputs.o1.w": slots((2, 2))}
    second = {"networks.n1.w": slots((3, 2), start=100), "outputs.o2.w": slots((2, 2), start=200)}
    found = child(parent(apart, {"o1": first, "o2": second})).optimiser
    assert found.keys() == {"o1"}
    starts = {name: float(state["exp_avg"].flatten()[0]) for name, state in found["o1"].items()}
    assert starts == {"networks.n1.w": 1.0, "outputs.o1.w": 1.0, "outputs.o2.w": 200.0}


def test_parents_are_left_alone() -> None:
    model = parent()
    child(model, VALP.with_training("o1", SGD), {"networks.n1.w": Origin("networks.n1.w", (np.array([-1]), None))})
    for name, state in parent().optimiser["o1"].items():
        assert all(torch.equal(model.optimiser["o1"][name][part], value) for part, value in state.items())
