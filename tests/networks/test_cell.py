"""The cell kind: sources of every shape, published parameter counts, growth, and buffers on their way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from valpnas import catalog
from valpnas.cells.macro import Macro
from valpnas.cells.network import CellNetwork
from valpnas.cells.text import read_cell, write_cell
from valpnas.contracts.cell_bounds import CellBounds
from valpnas.contracts.model import Model
from valpnas.contracts.network_kind import NetworkModule, Source
from valpnas.contracts.operator import Site, vary
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, InvalidValpError, OperatorError
from valpnas.graph.spec import Shape
from valpnas.graph.tasks import Classification
from valpnas.graph.validity import is_valid
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.cell import CellKind
from valpnas.networks.cell_spec import CellSpec, plan_of
from valpnas.networks.module import count_parameters, fresh_model, load_module
from valpnas.operators import OPERATORS
from valpnas.seeding import torch_stream
from valpnas.store.models import load_model, save_valp, save_weights
from valpnas.testing.partly_trained import partly_trained
from valpnas.testing.probes import Probe, answers

PUBLISHED = CellSpec(read_cell("[(-2, '3x3 conv', -2, '3x3 conv')]"), Macro(residual=False), 3, (32, 32), entry=False)
SMALL = CellSpec(
    read_cell("[(-2, '3 conv', -1, 'gru');(-1, '2 maxpool', 0, 'identity')]"), Macro(3, 2, 1, project=True), 2, (6,)
)


def alone(spec: CellSpec, shape: Shape, classes: int = 10) -> Valp:
    """Return a VALP of one cell network and one output."""
    arcs = [Arc("x", "n1"), Arc("n1", "y")]
    return Valp.make([Input("x", shape)], [SubNetwork("n1", spec)], [Output("y", Classification(classes))], arcs)


def trained(valp: Valp) -> Model:
    """Return a partly trained model."""
    rng = np.random.default_rng(0)
    return partly_trained(fresh_model(valp, rng), rng, 3)


def emitted(spec: CellSpec, values: dict[str, Tensor], silent: str = "") -> Tensor:
    """Return what a fresh network emits in evaluation mode; the source ``silent`` has zero weights."""
    module = CellKind().build(spec, {name: Source(tuple(value.shape[1:])) for name, value in values.items()})
    assert isinstance(module, NetworkModule)
    CellKind().initialise(module, torch_stream(np.random.default_rng(0)))
    with torch.no_grad():
        if silent:
            module.get_parameter(f"sources.{silent}.weight").zero_()
        result: Tensor = module.eval()(values)
    return result


def drawn(*shape: int) -> Tensor:
    """Return standard normal numbers."""
    return torch.as_tensor(np.random.default_rng(1).standard_normal(shape), dtype=torch.float32)


# -- a network on its own -----------------------------------------------------------------------------------


def test_a_published_network_is_a_valp_with_its_parameters() -> None:
    model = fresh_model(alone(PUBLISHED, (3, 32, 32)), np.random.default_rng(0))
    assert sum(tensor.numel() for tensor in (*model.weights.values(), *model.buffers.values())) == 274_474
    assert model.parameters == count_parameters(model.valp) == 273_418
    assert not [name for name in model.weights if ".sources." in name and name.startswith("networks.")]


def test_without_an_entry_the_map_goes_in_as_it_is() -> None:
    spec = replace(SMALL, entry=False)
    module = CellKind().build(spec, {"x": Source((2, 6))})
    CellKind().initialise(module, torch_stream(np.random.default_rng(0)))
    body = module.get_submodule("body").eval()
    assert isinstance(body, CellNetwork)
    value = drawn(4, 2, 6)
    assert torch.equal(module.eval()({"x": value}), body(value))


def test_without_an_entry_no_other_source_is_taken() -> None:
    spec = replace(SMALL, entry=False)
    assert is_valid(alone(spec, (2, 6)))
    assert not is_valid(alone(spec, (2, 7)))
    assert not is_valid(alone(spec, (12,)))
    with pytest.raises(InvalidValpError, match=r"expected one source of shape \(2, 6\)"):
        CellKind().build(spec, {"x": Source((2, 6)), "z": Source((2, 6))})


def test_operators_leave_the_one_source_of_such_a_network_alone() -> None:
    spec = replace(SMALL, entry=False)
    inputs = [Input("x", (2, 6)), Input("z", (2, 6), optional=True)]
    arcs = [Arc("x", "n1"), Arc("n1", "y"), Arc("z", "n2"), Arc("n2", "y")]
    networks = [SubNetwork("n1", spec), SubNetwork("n2", SMALL)]
    model = trained(Valp.make(inputs, networks, [Output("y", Classification(3))], arcs))
    space = Space(networks=("dense", "cell"), cells=CellBounds(extent=(6,)))
    tried = set()
    for name, operator in catalog.operators(space).items():
        for site in operator.sites(model.valp):
            child = vary(operator, (model,), site, np.random.default_rng(0))
            assert "n1" not in child.valp.specs or set(child.valp.sources("n1")) == {"x"}
            tried.add(name)
    assert tried >= {
        "add_connection/gentle",
        "insert_network/aggressive",
        "clone_network/gentle",
        "add_block/aggressive",
    }


# -- sources ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 6), (5, 6), (1, 9), (3, 2), (4,), (1, 3, 3)], ids=str)
def test_any_shape_enters_linearly_and_zero_is_not_heard(shape: Shape) -> None:
    values = {"a": drawn(4, 2, 6), "b": drawn(4, *shape)}
    alone_heard = emitted(SMALL, {"a": values["a"]})
    assert alone_heard.shape == (4, 6)
    torch.testing.assert_close(emitted(SMALL, values, silent="b"), emitted(SMALL, {**values, "b": 0 * values["b"]}))
    assert not torch.equal(emitted(SMALL, values), emitted(SMALL, values, silent="b"))


def test_a_map_is_averaged_over_areas() -> None:
    long = drawn(3, 2, 12)
    spec = CellSpec(read_cell("[]"), Macro(), 2, (6,))
    halved = long.reshape(3, 2, 6, 2).mean(3)
    torch.testing.assert_close(emitted(spec, {"x": long}), emitted(spec, {"x": halved}))
    short = drawn(3, 2, 3)
    torch.testing.assert_close(emitted(spec, {"x": short}), emitted(spec, {"x": short.repeat_interleave(2, 2)}))


def test_a_vector_is_a_bias_per_channel() -> None:
    empty = CellSpec(read_cell("[]"), Macro(), 3, (4, 4))
    torch.testing.assert_close(emitted(empty, {"v": drawn(5, 2)}), emitted(empty, {"v": drawn(5, 2)[:, :, None]}))
    assert emitted(empty, {"v": drawn(5, 2)}).shape == (5, 3)


def test_a_batch_of_one_row_trains() -> None:
    spec = CellSpec(read_cell("[(-1, 'identity', -1, '1 conv')]"), Macro(2, 1, 1), 2, (1,))
    model = trained(alone(spec, (2, 1)))
    module = load_module(model).train()
    module({"x": drawn(1, 2, 1)}).values["y"].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())


# -- specs and draws ------------------------------------------------------------------------------------------


def test_a_spec_survives_json() -> None:
    for spec in (PUBLISHED, SMALL):
        assert CellKind().read(spec.to_json()) == spec
    assert PUBLISHED.output_shape == (96,)
    assert replace(SMALL, cell=read_cell("[]")).output_shape == (2,)
    answering = replace(SMALL, macro=Macro(4, 2, 1, exits="two"), answers="y", classes=3)
    assert CellKind().read(answering.to_json()) == answering
    assert not {"answers", "classes"} & set(SMALL.to_json())
    for wrong in ({"macro": Macro(exits="two")}, {"answers": "y", "classes": 3}, {"classes": 3}):
        with pytest.raises(InvalidValpError, match="expected exits inside a network to answer an output of classes"):
            replace(SMALL, **wrong)
    with pytest.raises(InvalidValpError, match="answers 'y', classes 1"):
        replace(answering, classes=1)


def test_random_specs_keep_to_the_space() -> None:
    space = CellBounds(max_blocks=4, lookback=3, max_filters=5, max_motifs=5, extent=(5, 9))
    rng = np.random.default_rng(0)
    specs = [CellKind().random(Space(cells=space), rng) for _ in range(200)]
    assert {len(spec.cell.blocks) for spec in specs} == {1, 2, 3, 4}
    assert {spec.macro.filters for spec in specs} == {4, 5}
    assert {spec.macro.motifs for spec in specs} == {1, 2, 3, 4}  # a fourth halving would leave nothing of 5
    assert {i for spec in specs for i in spec.cell.lookbacks} == {-1, -2, -3}
    assert {text for s in specs for b in s.cell.blocks for text in b.operations} == set(space.available)


def test_operations_must_fit_the_extent() -> None:
    with pytest.raises(ConfigError, match="expected those of images"):
        CellKind().random(Space(cells=CellBounds(operations=("gru",), extent=(4, 4))), np.random.default_rng(0))
    with pytest.raises(InvalidValpError, match="convolve"):
        CellKind().random(Space(cells=CellBounds(operations=("3 convolve",))), np.random.default_rng(0))


def test_the_extent_is_that_of_the_largest_map() -> None:
    assert Space().fitted([(10,), (1, 8, 8), (3, 5, 20)]).cells.extent == (5, 20)
    assert Space().fitted([(1, 9), (1, 8, 8)]).cells.extent == (8, 8)
    assert Space().fitted([(4, 100), (2,)]).cells.extent == (100,)
    assert Space().fitted([(4,)]).cells.shape == (8, 8)
    assert Space(cells=CellBounds(extent=(3,))).fitted([(1, 8, 8)]).cells.extent == (3,)


def test_bounds_are_checked() -> None:
    for wrong in ({"min_blocks": 0}, {"min_filters": 9, "max_filters": 3}, {"extent": (1, 2, 3)}, {"lookback": 0}):
        with pytest.raises(ConfigError):
            CellBounds(**wrong)  # type: ignore[arg-type]


# -- growth ---------------------------------------------------------------------------------------------------


def grown(name: str, spec: CellSpec, place: str, space: CellBounds) -> tuple[Model, Model]:
    """Return a trained model and what an operator makes of its one network."""
    model = trained(alone(spec, (2, 6)))
    operator = catalog.load(catalog.find("operator", OPERATORS, name), space=Space(cells=space))
    return model, vary(operator, (model,), Site(components=("n1",), place=place), np.random.default_rng(3))


def test_a_gentle_block_is_there_and_not_heard() -> None:
    model, child = grown("add_block/gentle", SMALL, "end", CellBounds())
    spec = child.valp.specs["n1"]
    assert isinstance(spec, CellSpec)
    assert len(spec.cell.blocks) == 3
    assert set(spec.cell.lookbacks) == set(SMALL.cell.lookbacks)
    probe = Probe.draw(model.valp, np.random.default_rng(0))
    torch.testing.assert_close(answers(child, probe), answers(model, probe))
    name = "networks.n1.body.cells.2.projection.weight"
    assert torch.equal(child.weights[name][:, :6], model.weights[name])
    assert not child.weights[name][:, 6:].any()


def test_the_place_may_name_the_block() -> None:
    block = "(-1, '7 conv', -1, 'gru')"
    model, child = grown("add_block/gentle", SMALL, block, CellBounds())
    spec = child.valp.specs["n1"]
    assert isinstance(spec, CellSpec)
    assert write_cell(spec.cell) == f"{write_cell(SMALL.cell)[:-1]};{block}]"
    probe = Probe.draw(model.valp, np.random.default_rng(0))
    torch.testing.assert_close(answers(child, probe), answers(model, probe))


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("(-3, '7 conv', -1, 'gru')", "reads a cell that is not read yet"),
        ("(0, '7 conv', -1, 'gru')", "reads a block"),
        ("(-1, '3x3 conv', -1, 'gru')", "an operation of images"),
        ("somewhere", "no block"),
    ],
)
def test_a_gentle_block_that_may_not_be_is_refused(place: str, why: str) -> None:
    with pytest.raises(OperatorError, match="expected one of its sites"):
        pytest.fail(f"taken: {grown('add_block/gentle', SMALL, place, CellBounds())[1].valp} ({why})")


def test_a_named_block_needs_room() -> None:
    rule, space = CellKind().growth()["add_block/aggressive"], Space(cells=CellBounds(max_blocks=2))
    assert not rule.takes(SMALL, space, "(-1, '7 conv', -1, 'gru')")
    assert rule.takes(SMALL, Space(), "(0, '7 conv', -2, 'gru')")
    assert not rule.takes(SMALL, Space(), "(-3, '7 conv', -2, 'gru')")


def test_a_gentle_block_needs_a_convolution_behind_the_blocks() -> None:
    rule = CellKind().growth()["add_block/gentle"]
    one = read_cell("[(-1, '3 conv', -1, 'gru')]")
    assert rule.places(replace(SMALL, cell=one), Space()) == ("end",)
    assert rule.places(replace(SMALL, cell=one, macro=Macro(3, 2, 1)), Space()) == ()
    two = read_cell("[(-1, '3 conv', -1, 'gru');(-1, 'gru', -1, 'gru')]")
    assert rule.places(replace(SMALL, cell=two, macro=Macro(3, 2, 1)), Space()) == ("end",)
    assert rule.places(replace(SMALL, cell=two), Space(cells=CellBounds(max_blocks=2))) == ()
    assert rule.places(replace(SMALL, cell=read_cell("[]")), Space()) == ()


def test_columns_move_with_their_blocks() -> None:
    # Blocks 0 and 1 were heard; the new one reads block 0, so that 1 and the new one are.
    spec = replace(SMALL, cell=read_cell("[(-2, '3 conv', -1, 'gru');(-1, '2 maxpool', -1, 'identity')]"))
    rule, space = CellKind().growth()["add_block/aggressive"], Space(cells=CellBounds(operations=("3 conv",)))
    tensors = {**(m := CellKind().build(spec, {"x": Source((2, 6))})).state_dict()}
    CellKind().initialise(m, torch_stream(np.random.default_rng(0)))
    for seed in range(40):
        result = rule.grow(spec, tensors, "end", space, np.random.default_rng(seed))
        assert isinstance(result.spec, CellSpec)
        if result.spec.cell.unused == (1, 2):
            name = "body.cells.0.projection.weight"
            assert torch.equal(result.tensors[name][:, :3], tensors[name][:, 3:])
            (_, index, _) = result.origins[name].index
            assert index is not None
            assert index.tolist() == [3, 4, 5, -1, -1, -1]
            return
    pytest.fail("no draw read the first block alone")


def test_another_operation_leaves_all_else() -> None:
    model, child = grown("change_operation/aggressive", SMALL, "0.left", CellBounds())
    spec = child.valp.specs["n1"]
    assert isinstance(spec, CellSpec)
    assert spec.cell.blocks[1:] == SMALL.cell.blocks[1:]
    assert spec.cell.blocks[0].op2 == "gru"
    assert spec.cell.blocks[0].op1 != "3 conv"
    for before, after in ((model.weights, child.weights), (model.buffers, child.buffers)):
        kept = [name for name in before if ".blocks.0.left." not in name]
        assert all(torch.equal(before[name], after[name]) for name in kept)


# -- buffers ------------------------------------------------------------------------------------------------


def test_training_moves_buffers_and_nothing_else_does(tmp_path: Path) -> None:
    valp = alone(SMALL, (2, 6))
    fresh = fresh_model(valp, np.random.default_rng(0))
    model = partly_trained(fresh, np.random.default_rng(0), 2)
    name = "networks.n1.body.cells.0.projection.norm.running_mean"
    assert not fresh.buffers[name].any()
    assert model.buffers[name].any()
    save_valp(valp, tmp_path / "g.json")
    save_weights(model, tmp_path / "w.safetensors")
    again = load_model(tmp_path / "g.json", tmp_path / "w.safetensors")
    assert again.buffers.keys() == model.buffers.keys()
    assert all(torch.equal(again.buffers[key], model.buffers[key]) for key in model.buffers)
    before = {key: buffer.clone() for key, buffer in model.buffers.items()}
    answers(model, Probe.draw(valp, np.random.default_rng(0)))
    assert all(torch.equal(before[key], model.buffers[key]) for key in before)


def test_a_clone_has_buffers_of_its_own() -> None:
    model, child = grown("clone_network/gentle", SMALL, "", CellBounds())
    old = "networks.n1.body.cells.0.projection.norm.running_var"
    new = old.replace(".n1.", ".n2.")
    assert torch.equal(child.buffers[new], model.buffers[old])
    assert child.buffers[new].data_ptr() != child.buffers[old].data_ptr()
    probe = Probe.draw(model.valp, np.random.default_rng(0))
    torch.testing.assert_close(answers(child, probe), answers(model, probe), atol=1e-5, rtol=1e-5)


def test_multiply_adds_are_those_of_the_plan_and_the_entry() -> None:
    kind = CellKind()
    sources = {"a": Source((2, 6)), "b": Source((5,)), "c": Source((3, 20))}
    assert kind.multiply_adds(SMALL, sources) == plan_of(SMALL).multiply_adds + 2 * 2 * 6 + 5 * 2 + 3 * 2 * 6
    bare = replace(SMALL, entry=False)
    assert kind.multiply_adds(bare, {"a": Source((2, 6))}) == plan_of(SMALL).multiply_adds
