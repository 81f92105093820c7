"""The LSTMs: they learn, padding means nothing to them, and their fast form computes what torch's own layers do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from valpnas.cells.encoding import Cells, block_count
from valpnas.predictors.cells.lstm import FittedLstm, Lstm, PlainLstm
from valpnas.predictors.cells.lstm_forward import predicted
from valpnas.predictors.cells.lstm_training import Examples, Training, trained
from valpnas.predictors.cells.lstm_weights import Sizes, initial_weights, tensors
from valpnas.predictors.cells.quality import spearman
from valpnas.seeding import stream

from .made_up import SPACE, cells, of_all_sizes, padded, scores

both = pytest.mark.parametrize("predictor", [Lstm(), PlainLstm()], ids=["lstm", "lstm-plain"])


def with_weights(predictor: Lstm, models: int = 2) -> FittedLstm:
    """Return one that nothing was fitted to, with weights far from the small ones that training begins with."""
    sizes = Sizes.of(SPACE, predictor.attention, predictor.backward)
    generator = torch.Generator().manual_seed(5)
    weights = initial_weights(sizes, models, generator)
    return FittedLstm(SPACE, sizes, weights + 0.3 * torch.randn(weights.shape, generator=generator))


def by_torch(sizes: Sizes, weights: Mapping[str, Tensor], cell: Cells) -> float:
    """Return what one model predicts of one cell, ``(blocks, 4)``, with torch's own LSTM and attention, no padding."""
    tokens = torch.from_numpy(cell.astype(np.int64))
    x = torch.cat([weights["inputs"][tokens[:, 0::2]].flatten(1), weights["operations"][tokens[:, 1::2]].flatten(1)], 1)
    if sizes.attention:
        query, key = torch.relu(x @ weights["attended"] + weights["attended_bias"]).split(sizes.filters, dim=1)
        x = nn.functional.scaled_dot_product_attention(query, key, key, scale=1.0)
    lstm = nn.LSTM(sizes.read, sizes.units, batch_first=True, bidirectional=sizes.backward)
    torchs = torch.cat(
        [torch.arange(4 * sizes.units).view(4, -1)[i] for i in (0, 1, 3, 2)]
    )  # its third gate is the new
    with torch.no_grad():
        for direction, end in enumerate(("_l0", "_l0_reverse")[: sizes.directions]):
            getattr(lstm, f"weight_ih{end}").copy_(weights["from_input"][direction].T[torchs])
            getattr(lstm, f"weight_hh{end}").copy_(weights["from_state"][direction].T[torchs])
            getattr(lstm, f"bias_ih{end}").copy_(weights["gates_bias"][direction, 0][torchs])
            getattr(lstm, f"bias_hh{end}").zero_()
        state = lstm(x[None])[1][0].flatten()
        return float(torch.sigmoid(state @ weights["dense"] + weights["dense_bias"]))


@both
def test_the_fast_form_agrees_with_the_layers_of_torch(predictor: Lstm) -> None:
    fitted, made = with_weights(predictor), of_all_sizes(6, "asked")
    sizes = Sizes.of(SPACE, predictor.attention, predictor.backward)
    named = tensors(sizes, fitted.weights)
    models = [{name: part[model] for name, part in named.items()} for model in range(len(fitted.weights))]
    counts = block_count(made)
    expected = [
        np.mean([by_torch(sizes, m, cell[:count]) for m in models]) for cell, count in zip(made, counts, strict=True)
    ]
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(fitted.predict(made), expected, atol=2e-6)


@both
def test_the_form_that_is_trained_agrees_with_the_fast_one(predictor: Lstm) -> None:
    """All widths in one batch there, the empty cell with them."""
    fitted, made = with_weights(predictor), np.concatenate([of_all_sizes(9, "asked"), np.zeros((1, 3, 4), np.int8)])
    sizes = Sizes.of(SPACE, predictor.attention, predictor.backward)
    tokens, counts = torch.from_numpy(made.astype(np.int64)), torch.from_numpy(block_count(made))
    trainable = predicted(sizes, tensors(sizes, fitted.weights), tokens.expand(2, -1, -1, -1), counts.expand(2, -1))
    np.testing.assert_allclose(trainable.mean(0), fitted.predict(made), atol=2e-6)


@both
def test_neither_padding_nor_the_other_cells_matter(predictor: Lstm) -> None:
    fitted, made = with_weights(predictor), cells(30, 2, "asked")
    alone = np.concatenate([fitted.predict(cell[None]) for cell in made])
    among = fitted.predict(np.concatenate([of_all_sizes(300, "others"), padded(made, 3)]))[-30:]
    np.testing.assert_allclose(alone, among, atol=2e-6)
    np.testing.assert_array_equal(fitted.predict(made), fitted.predict(padded(made, 3)))


@both
def test_it_learns(predictor: Lstm) -> None:
    """How many operations are identities, of cells with more blocks than it has seen."""
    known = np.concatenate([padded(cells(36, 1, "known"), 2), cells(50, 2, "known")])
    asked = cells(200, 3, "asked")
    fitted = predictor.fit(SPACE, known, scores(known), stream(0, "fit"))
    assert spearman(fitted.predict(asked), scores(asked)) > 0.8


def test_equivalent_cells_are_shown_in_every_order_and_left_out_together() -> None:
    """Two blocks that read neither each other: two encodings of one cell."""
    made, generator = cells(20, 3, "known"), torch.Generator().manual_seed(0)
    examples, shown = Lstm()._examples(SPACE, made, scores(made))
    assert len(shown) == len(examples.tokens) > len(made)
    np.testing.assert_allclose(examples.scores, scores(made)[shown], atol=1e-6)
    kept = Lstm()._kept(20, generator)
    assert kept.shape == (5, 20)
    assert (kept.sum(0) == 4).all()
    assert (kept.sum(1) == 16).all()
    assert len(PlainLstm()._examples(SPACE, made, scores(made))[1]) == len(made)


def test_models_that_are_trained_side_by_side_do_not_touch_each_other() -> None:
    """The second has no rows but those it is given, whatever the first learns; a short one waits for the long."""
    made = cells(20, 2, "known")
    tokens, counts = torch.from_numpy(made.astype(np.int64)), torch.full((20,), 2)
    sizes, rows = Sizes.of(SPACE, True, True), [torch.arange(17), torch.arange(3)]
    ends = []
    for known in (torch.full((20,), 0.3), torch.cat([torch.full((3,), 0.3), torch.full((17,), 0.9)])):
        generator = torch.Generator().manual_seed(0)
        ends.append(trained(sizes, Training(epochs=3), Examples(tokens, counts, known), rows, generator))
    assert not torch.equal(ends[0][0], ends[1][0])
    torch.testing.assert_close(ends[0][1], ends[1][1], rtol=0, atol=1e-6)


def test_a_model_stops_and_keeps_its_best_weights() -> None:
    """With a rate at which the loss soon rises, the last weights are not what is kept."""
    made = cells(30, 2, "known")
    tokens, counts = torch.from_numpy(made.astype(np.int64)), torch.full((30,), 2)
    sizes, examples = Sizes.of(SPACE, True, True), Examples(tokens, counts, torch.from_numpy(scores(made)).float())
    few, many = (
        trained(
            sizes,
            Training(epochs, rate=0.2, patience=2),
            examples,
            [torch.arange(30)],
            torch.Generator().manual_seed(0),
        )
        for epochs in (40, 400)
    )
    torch.testing.assert_close(few, many, rtol=0, atol=0)


def test_one_step_is_that_of_adam() -> None:
    """Of torch's, with the epsilon that comes to the same at the first step, on the loss with its penalty."""
    made = cells(8, 2, "known")
    tokens, counts = torch.from_numpy(made.astype(np.int64)), torch.full((8,), 2)
    sizes, known = Sizes.of(SPACE, True, True), torch.from_numpy(scores(made)).float()
    generator = torch.Generator().manual_seed(0)
    begun = initial_weights(sizes, 1, generator).requires_grad_()
    named = tensors(sizes, begun)
    error = (predicted(sizes, named, tokens[None], counts[None]) - known).square().mean()
    kernels = (named[name].square().sum() for name in ("from_input", "from_state", "dense"))
    (error + 0.01 * sum(kernels)).backward()
    adam = torch.optim.Adam([begun], lr=0.004, eps=1e-7 / 0.001**0.5)
    adam.step()
    made_step = trained(
        sizes,
        Training(epochs=1, penalty=0.01),
        Examples(tokens, counts, known),
        [torch.arange(8)],
        torch.Generator().manual_seed(0),
    )
    assert begun.grad is not None
    there = begun.grad.abs() > 1e-6  # below that, rounding decides
    torch.testing.assert_close(made_step[there], begun.detach()[there], rtol=0, atol=1e-5)
