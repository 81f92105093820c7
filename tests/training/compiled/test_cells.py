"""Cell networks in a compiled phase: as under the plain engine; channels last inside, contiguous outside; bfloat16."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from tests.training.toy_data import losses_of, prepared_for
from valpnas.cells.macro import Macro
from valpnas.cells.text import read_cell
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp
from valpnas.networks.cell_spec import CellSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.seeding import stream
from valpnas.training import optimisers
from valpnas.training.balancing.fixed import Sum
from valpnas.training.balancing.gradnorm import GradNorm
from valpnas.training.compiled.compile import compile_phase
from valpnas.training.compiled.engine import CompiledEngine

from .shared import assert_same, model_of, trained

CELL = CellSpec(
    read_cell("[(-2, '3x3 dconv', -1, '2x2 maxpool');(-1, '3x3 conv', 0, 'identity')]"), Macro(4, 2, 1), 3, (6, 6)
)


def valp_of(algorithm: str) -> Valp:
    """A cell network between a map, a vector and a dense network."""
    picture, table = Input("picture", (2, 6, 6), "image"), Input("table", (3,))
    outputs = [Output("kind", Classification(3)), Output("number", Regression(1))]
    networks = [SubNetwork("n1", CELL), SubNetwork("n2", DenseSpec(5, (Layer(6, "silu"),)))]
    pairs = [("picture", "n1"), ("table", "n1"), ("n1", "n2"), ("table", "n2"), ("n2", "kind"), ("n1", "number")]
    training = {output.name: OutputTraining(1e-3, algorithm) for output in outputs}
    return Valp.make([picture, table], networks, outputs, [Arc(*pair) for pair in pairs], training, 10)


VALP = valp_of("adam")
PREPARED = prepared_for(VALP, 0)
LOSSES = losses_of(PREPARED)


@pytest.mark.parametrize("algorithm", ["adam", "adamw", "sgd", "rmsprop", "adagrad"])
def test_a_phase_ends_at_the_plain_engine_s_model(algorithm: str) -> None:
    """Trained on, too: the state goes out contiguous and comes back in."""
    model = model_of(valp_of(algorithm), 0)
    plain, planned = trained(model, PREPARED, LOSSES, 8)
    _assert_alike(plain, planned, algorithm)
    tensors = [*planned.weights.values(), *(slot for state in planned.optimiser.values()
               for slots in state.values() for slot in slots.values())]  # fmt: skip
    assert all(tensor.is_contiguous() for tensor in tensors)
    _assert_alike(*trained(planned, PREPARED, LOSSES, 8), algorithm)


def _assert_alike(plain: Model, planned: Model, algorithm: str) -> None:
    """Compare losses; weights only under SGD.

    A bias before a normalisation has the gradient zero but for rounding, and whoever divides by the gradient's size
    makes steps of that.
    """
    for output, history in plain.histories.items():
        assert torch.allclose(planned.histories[output], history, rtol=1e-3, atol=1e-4), output
    if algorithm == "sgd":
        assert_same(plain, planned, 5e-3)
    assert {name: set(slots) for state in plain.optimiser.values() for name, slots in state.items()} == {
        name: set(slots) for state in planned.optimiser.values() for name, slots in state.items()
    }


def test_fused_optimisers_move_the_entries_that_gradients_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Convolutions whose maps lie with channels last have such gradients, and an entry's gradient is transposed."""
    model = model_of(valp_of("sgd"), 0)
    fused, planned = trained(model, PREPARED, LOSSES, 8)
    plainest = lambda parameters, how: torch.optim.SGD(parameters, how.learning_rate, 0.9, foreach=False)  # noqa: E731
    monkeypatch.setitem(optimisers._MAKERS, "sgd", plainest)
    reference, _ = trained(model, PREPARED, LOSSES, 8)
    for name, weight in reference.weights.items():
        assert float((weight - model.weights[name]).abs().max()) > 1e-4 or "bias" in name
        assert torch.allclose(fused.weights[name], weight, rtol=1e-5, atol=1e-6), name
        assert torch.allclose(planned.weights[name], weight, rtol=1e-3, atol=1e-5), name


def test_convolutions_lie_with_channels_last() -> None:
    generators = [torch.Generator().manual_seed(0)]
    plan = compile_phase([model_of(VALP, 0)], PREPARED.train, LOSSES, Sum(), Protocol(), generators)
    (network,) = plan.foreign.values()
    kernels = [p for p in network.parameters.values() if p.dim() == 4]
    assert kernels
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in kernels)


def test_bfloat16_learns_nearly_the_same(caplog: pytest.LogCaptureFixture) -> None:
    model, protocol = model_of(VALP, 0), Protocol(30)
    with caplog.at_level("INFO", "valpnas"):
        exact, rounded = (
            CompiledEngine(precision=precision).train(model, PREPARED, LOSSES, protocol, stream(0, "cells"))
            for precision in ("float32", "bfloat16")
        )
    assert "networks of kind cell are trained through autograd" in caplog.text
    assert not _equal(exact, rounded)
    for output, history in exact.histories.items():
        assert torch.allclose(rounded.histories[output][-10:].mean(), history[-10:].mean(), rtol=0.2)
    assert {weight.dtype for weight in rounded.weights.values()} == {torch.float32}


def _equal(one: Model, other: Model) -> bool:
    return all(torch.equal(weight, other.weights[name]) for name, weight in one.weights.items())


def test_models_with_cells_are_trained_one_after_the_other() -> None:
    models = [model_of(VALP, seed) for seed in range(2)]
    assert CompiledEngine().stacks(models) == [[0], [1]]
    assert CompiledEngine(GradNorm()).stacks([model_of(VALP, 0)] * 2) == [[0], [1]]


def test_no_more_than_so_many_are_stacked() -> None:
    valp = Valp.make(
        VALP.inputs, [SubNetwork("n1", DenseSpec(5, (Layer(6, "silu"),)))], VALP.outputs,
        [Arc("picture", "n1"), Arc("table", "n1"), Arc("n1", "kind"), Arc("n1", "number")], VALP.output_training, 10,
    )  # fmt: skip
    stacks = CompiledEngine().stacks([model_of(valp, 0)] * 20)
    assert Counter(len(stack) for stack in stacks) == {16: 1, 4: 1}
    assert sorted(index for stack in stacks for index in stack) == list(range(20))
