"""Evaluation: what scores models, what it reads to do so, and the cheats that must not pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.contracts.problem import PARTS, Part, Parts, Problem, Reader
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.graph.tasks import Generation
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model, load_module
from valpnas.seeding import stream
from valpnas.training import evaluation
from valpnas.training.data import Prepared, TensorPart
from valpnas.training.engine import PlainEngine
from valpnas.training.evaluation import Evaluator, prior
from valpnas.training.objectives import Losses, Score, score_prediction
from valpnas.training.reference import constant_objectives

from .toy_data import evaluator_of, on_cpu, toy_model, toy_prepared, toy_problem

SIZE = 9


def own_pictures() -> Problem:
    """A problem whose input is the very picture that is to be drawn anew."""
    drawn = toy_problem(rows=600).load(Reader())
    parts = [Part({"picture": p.targets["drawn"]}, {"drawn": p.targets["drawn"]}) for p in drawn_parts(drawn)]
    inputs, outputs = [Input("picture", (1, 3, 3), "image")], [Output("drawn", Generation((1, 3, 3)))]
    return Problem.from_parts("own pictures", "draw what you see", inputs, outputs, Parts(*parts))


def drawn_parts(parts: Parts) -> list[Part]:
    return [getattr(parts, name) for name in PARTS]


PICTURES = own_pictures()


def objectives(scores: Mapping[str, Score]) -> dict[str, float]:
    return {name: score.objective for name, score in scores.items()}


def with_part(evaluator: Evaluator, name: str, part: TensorPart) -> Evaluator:
    prepared = replace(evaluator.prepared, parts={**evaluator.prepared.parts, name: part})
    return replace(evaluator, prepared=prepared)


def scrambled(part: TensorPart) -> TensorPart:
    generator = torch.Generator().manual_seed(1)
    return replace(part, inputs={n: torch.rand(v.shape, generator=generator) for n, v in part.inputs.items()})


def test_scores_are_those_of_the_predictions() -> None:
    prepared = toy_prepared()
    evaluator, model = evaluator_of(prepared), toy_model(prepared)
    part = prepared.parts["validation"]
    with torch.no_grad():
        values = load_module(model)(part.inputs).values
    for output in ("kind", "number", "shares"):
        mean = evaluator.losses.mean_targets[output]
        expected = score_prediction(model.valp.tasks[output], values[output], part.targets[output], mean)
        assert evaluator.scores(model, "validation")[output] == expected


def test_sampling_does_not_read_the_inputs() -> None:
    prepared = toy_prepared()
    evaluator, model = evaluator_of(prepared), toy_model(prepared)
    blind = with_part(evaluator, "validation", scrambled(prepared.parts["validation"]))
    before, after = objectives(evaluator.scores(model, "validation")), objectives(blind.scores(model, "validation"))
    assert after["drawn"] == before["drawn"]
    assert all(after[name] != before[name] for name in ("number", "shares")), "the scrambled inputs were not read"
    assert (
        blind.scores(model, "validation")["drawn"].reported != evaluator.scores(model, "validation")["drawn"].reported
    )


def test_validation_scores_do_not_read_the_test_part() -> None:
    prepared = toy_prepared()
    evaluator, model = evaluator_of(prepared), toy_model(prepared)
    assert with_part(evaluator, "test", TensorPart({}, {})).scores(model, "validation") == evaluator.scores(
        model, "validation"
    )


def test_scoring_twice_gives_the_same_numbers_and_alters_nothing() -> None:
    prepared = toy_prepared()
    evaluator, model = evaluator_of(prepared), toy_model(prepared)
    before = {name: value.clone() for name, value in model.weights.items()}
    assert evaluator.scores(model, "test") == evaluator.scores(model, "test")
    assert all(torch.equal(value, model.weights[name]) for name, value in before.items())


def test_all_candidates_are_judged_on_the_same_prior_draws() -> None:
    """What differs between two models' sample scores is then the models', not luck."""
    one, other = (load_module(auto_encoder(seed)) for seed in (0, 1))
    assert torch.equal(prior(one, "drawn", 50)["d"], prior(other, "drawn", 50)["d"])
    assert prior(one, "drawn", 2000)["d"].std(dim=0).tolist() == pytest.approx([1.0] * SIZE, abs=0.1)


def auto_encoder(seed: int = 0) -> Model:
    """Picture -> decoder -> drawn, linear throughout, nine numbers wide."""
    body = DenseSpec(SIZE, (Layer(SIZE, "linear"),))
    valp = Valp.make(
        PICTURES.inputs,
        [SubNetwork("d", DecoderSpec(SIZE, body))],
        PICTURES.outputs,
        [Arc("picture", "d"), Arc("d", "drawn")],
    )
    return fresh_model(valp, stream(seed, "auto-encoder"))


def set_to(model: Model, **blocks: Tensor) -> Model:
    """Set the tensors whose names end in ``blocks``' keys, with ``__`` for a dot; zero all others."""
    weights = {name: torch.zeros_like(value) for name, value in model.weights.items()}
    for ending, value in blocks.items():
        (name,) = [name for name in weights if name.endswith(ending.replace("__", "."))]
        weights[name] = value.expand_as(weights[name]).clone()
    return replace(model, weights=weights)


def pictures() -> tuple[Prepared, Evaluator]:
    prepared = on_cpu(PICTURES)
    return prepared, evaluator_of(prepared)


def copier(model: Model) -> Model:
    """Pass the picture through far-apart, sharp latents: it comes out as it went in."""
    chain = [name for name in model.weights if "body" in name and model.weights[name].dim() == 2]
    eye = torch.eye(SIZE)
    blocks = {name.replace(".", "__"): eye for name in chain}
    names = {"sources__picture__mean": 40 * eye, "bias__mean": torch.tensor(-20.0)}
    heads = {"d__bias__log_variance": torch.tensor(-10.0), "drawn__sources__d__weight": 0.2 * eye}
    return set_to(model, **names, **heads, **blocks)


def test_a_model_that_copies_its_input_cannot_score_well() -> None:
    """It reconstructs what it sees, and yet its samples are hardly better than one picture repeated."""
    prepared, evaluator = pictures()
    score = evaluator.scores(copier(auto_encoder()), "validation")["drawn"]
    spread = float(prepared.parts["validation"].targets["drawn"].var(dim=0).mean())
    assert score.reported["reconstruction"] < 0.1 * spread
    assert score.objective > 0.8 * constant_objectives(evaluator)["drawn"]


def test_a_model_that_repeats_one_sample_scores_like_the_constant() -> None:
    _, evaluator = pictures()
    mean = torch.logit(evaluator.losses.mean_targets["drawn"]).flatten()
    score = evaluator.scores(set_to(auto_encoder(), outputs__drawn__bias=mean), "validation")["drawn"]
    assert score.objective == pytest.approx(constant_objectives(evaluator)["drawn"], rel=1e-4)


def test_a_trained_generator_scores_better_than_the_constant() -> None:
    prepared, evaluator = pictures()
    trained = PlainEngine().train(auto_encoder(), prepared, evaluator.losses, Protocol(400), stream(0, "train"))
    score = evaluator.scores(trained, "validation")["drawn"]
    assert score.objective < 0.5 * constant_objectives(evaluator)["drawn"]


def test_large_parts_are_predicted_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = toy_prepared()
    evaluator, model = evaluator_of(prepared), toy_model(prepared)
    whole = objectives(evaluator.scores(model, "validation"))
    monkeypatch.setattr(evaluation, "_CHUNK", 5)
    assert objectives(evaluator.scores(model, "validation")) == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_a_failure(value: float) -> None:
    """Training looks at losses before each step: the last step may break the weights unseen."""
    prepared = toy_prepared()
    model = toy_model(prepared)
    broken = {**model.weights, "outputs.kind.bias": torch.full_like(model.weights["outputs.kind.bias"], value)}
    with pytest.raises(TrainingFailedError, match="diverged: the predictions of 'kind' are not finite"):
        evaluator_of(prepared).scores(replace(model, weights=broken), "validation")


def test_figures_that_no_journal_can_hold_are_a_failure() -> None:
    """Finite predictions may still overflow in a figure that is only reported."""
    prepared = toy_prepared()
    model = toy_model(prepared)
    bias = torch.tensor([3e38, -3e38, 0.0])
    huge = replace(model, weights={**model.weights, "outputs.kind.bias": bias})
    with pytest.raises(TrainingFailedError, match="diverged: 'kind' has"):
        evaluator_of(prepared).scores(huge, "validation")


def test_an_objective_that_is_not_finite_is_a_failure() -> None:
    prepared = toy_prepared()
    evaluator = evaluator_of(prepared)
    nowhere = {**evaluator.losses.mean_targets, "shares": torch.full((4,), float("nan"))}
    broken = replace(evaluator, losses=Losses(evaluator.losses.scales, nowhere))
    with pytest.raises(TrainingFailedError, match="diverged: 'shares' has"):
        broken.scores(toy_model(prepared), "validation")
