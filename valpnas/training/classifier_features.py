"""Features of the yardstick ``classifier-frechet``: what a small fixed classifier sees before it names the class.

The classifier is not searched, and no candidate ever meets it: it is fitted once, on training rows, from its own
seed. On a CPU the same data give the same bits, so that runs can be compared; the network is small, because every
candidate's samples pass through it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.problem import SampleScorer
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Generation
from valpnas.training.classifier import Recipe, fit_classifier, penultimate
from valpnas.training.data import Prepared
from valpnas.training.fitting import Fitting, Tensors
from valpnas.training.frechet import Floats

_CHUNK = 1024  # images at once
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class ClassifierFeatures:
    """Maps images ``(n, channels, height, width)`` to features ``(n, d)``.

    They are scaled so that those of the training images vary by 1 in all: a model that draws one average image over
    and over has a distance of about 1, whatever the size the classifier's weights happened to grow to.
    """

    weights: Tensors
    scale: float = 1.0

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Floats:
        """Look at the images."""
        seen = torch.cat([penultimate(self.weights, chunk) for chunk in images.split(_CHUNK)])
        features: Floats = seen.cpu().numpy().astype(np.float64) / self.scale
        return features


def fit_classifier_features(
    declared: SampleScorer, output: str, prepared: Prepared, fitting: Fitting
) -> ClassifierFeatures:
    """Fit the classifier, or take the one that was kept.

    Raises:
        DataError: ``declared.target`` is no class, or ``output`` draws no images.
    """
    classes = _check(declared, output, prepared)
    images = prepared.train.targets[output].cpu()
    labels = prepared.train.targets[declared.target].cpu()
    recipe = Recipe()
    found = fitting.kept(_key(recipe, images, labels), lambda: _fit(recipe, images, labels, classes, fitting.quiet))
    weights = {name: tensor.to(prepared.device) for name, tensor in found.items() if name != "scale"}
    return ClassifierFeatures(weights, float(found["scale"]))


def _fit(recipe: Recipe, images: Tensor, labels: Tensor, classes: int, quiet: bool) -> Tensors:
    weights = fit_classifier(recipe, images, labels, classes, quiet)
    spread = ClassifierFeatures(weights)(images).var(axis=0).sum()
    return {**weights, "scale": torch.tensor(max(float(np.sqrt(spread)), _TINY), dtype=torch.float64)}


def _check(declared: SampleScorer, output: str, prepared: Prepared) -> int:
    """Return the number of classes."""
    tasks = {each.name: each.task for each in prepared.problem.outputs}
    task, target = tasks[output], tasks.get(declared.target)
    what = f"the sample scorer {declared.name!r} of {output!r}"
    if not isinstance(target, Classification):
        known = ", ".join(name for name, each in tasks.items() if isinstance(each, Classification)) or "none"
        raise DataError(f"{what}: expected a target among the classes {known}, got {declared.target!r}; name one")
    if not (isinstance(task, Generation) and len(task.shape) == 3):
        raise DataError(f"{what}: expected images (channels, height, width), got {task}; declare 'pca-frechet'")
    return target.classes


def _key(recipe: Recipe, images: Tensor, labels: Tensor) -> str:
    """Name what decides the classifier: its recipe, the torch that follows it, and its data."""
    recipe_text = json.dumps([asdict(recipe), torch.__version__, list(images.shape)])
    digest = hashlib.sha256(recipe_text.encode())
    for values in (images, labels):
        digest.update(values.contiguous().view(-1).numpy().data)
    return f"classifier-{digest.hexdigest()[:32]}"
