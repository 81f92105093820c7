"""LSTMs that read a cell block by block and predict its score (POPNASv2 3.3.1, POPNASv3 3.2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, block_count, decode
from valpnas.cells.orderings import equivalent_encodings
from valpnas.predictors.cells.contracts import FittedScore, ScorePredictor, checked_cells, checked_targets
from valpnas.predictors.cells.lstm_inference import FastEnsemble
from valpnas.predictors.cells.lstm_training import Examples, Training, trained
from valpnas.predictors.cells.lstm_weights import Sizes
from valpnas.seeding import torch_stream
from valpnas.training.device import small_network_settings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lstm(ScorePredictor):
    """Embeddings, self-attention and a bidirectional LSTM; the mean of ``models``, each fitted to all folds but one.

    With ``augment`` a cell is shown in every order in which its blocks can be computed (``cells/orderings.py``), but
    in no more than ``orders``: 120 are all of the papers' five blocks. Cells are divided into folds, not their
    encodings: what a model leaves out, it leaves out in every order. Of fewer cells than models, there are as many
    models as cells.
    """

    name: ClassVar[str] = "lstm"
    attention: bool = True
    backward: bool = True
    augment: bool = True
    orders: int = 120
    models: int = 5
    training: Training = field(default_factory=Training)

    def fit(self, space: CellSpace, cells: Cells, scores: Floats, rng: np.random.Generator) -> FittedScore:
        """Return the ensemble, fitted on the CPU, in one thread."""
        known = checked_targets(scores, len(checked_cells(space, cells)), 1.0)
        generator = torch_stream(rng)
        examples, shown = self._examples(space, cells, known)
        rows = [torch.nonzero(kept[shown]).flatten() for kept in self._kept(len(cells), generator)]
        sizes = Sizes.of(space, self.attention, self.backward)
        with small_network_settings():
            weights = trained(sizes, self.training, examples, rows, generator)
        return FittedLstm(space, sizes, weights)

    def _kept(self, cells: int, generator: torch.Generator) -> Tensor:
        """Return ``(models, cells)``: which cells each model is fitted to."""
        models = min(self.models, cells)
        if models == 1:
            return torch.ones(1, cells, dtype=torch.bool)
        left_out = torch.empty(cells, dtype=torch.int64)
        left_out[torch.randperm(cells, generator=generator)] = torch.arange(cells) % models
        return left_out != torch.arange(models)[:, None]

    def _examples(self, space: CellSpace, cells: Cells, scores: Floats) -> tuple[Examples, Tensor]:
        """Return what is shown, and ``(rows,)``: the cell that each row is."""
        written = [cells[i : i + 1] for i in range(len(cells))]
        if self.augment:
            written = [equivalent_encodings(space, cell, self.orders) for cell in decode(space, cells)]
        shown = torch.repeat_interleave(torch.arange(len(cells)), torch.tensor([len(each) for each in written]))
        tokens = np.concatenate(written)
        counts = torch.from_numpy(block_count(tokens))
        width = max(1, int(counts.max()))
        return Examples(_tensor(tokens[:, :width]), counts, torch.from_numpy(scores)[shown].float()), shown


@dataclass(frozen=True)
class PlainLstm(Lstm):
    """One LSTM that reads the embeddings, first block first, fitted to all cells as they are written."""

    name: ClassVar[str] = "lstm-plain"
    attention: bool = False
    backward: bool = False
    augment: bool = False
    models: int = 1


class FittedLstm(FittedScore):
    """Trained models; ``weights`` are ``(models, numbers)``, as ``lstm_weights.tensors`` reads them."""

    def __init__(self, space: CellSpace, sizes: Sizes, weights: Tensor) -> None:
        self.weights = weights
        self._space, self._fast = space, FastEnsemble(sizes, weights)

    def predict(self, cells: Cells) -> Floats:
        """Return the mean of the models, ``(m,)``; cells of different numbers of blocks are done apart."""
        counts = block_count(checked_cells(self._space, cells))
        scores = np.empty(len(cells))
        with small_network_settings(), torch.inference_mode():
            for count in np.unique(counts):
                alike = np.flatnonzero(counts == count)
                scores[alike] = self._fast.predict(_tensor(cells[alike, :count])).numpy()
        return scores


def _tensor(tokens: Cells) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(tokens, np.int64))
