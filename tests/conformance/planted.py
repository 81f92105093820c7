"""Planted operators: each breaks one promise of the contract and keeps the others as far as it can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import torch

from valpnas.contracts.model import Lineage, Model, Mutated, Origin
from valpnas.contracts.operator import Hint, Operator, Site
from valpnas.graph.tasks import Regression
from valpnas.graph.valp import Input, Output, Valp
from valpnas.networks.dense import output_layer
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.draft import Draft

Change = Callable[[Draft], None]
Twist = Callable[[Mutated], Mutated]

LAYER = "networks.n1.main.1.weight"
HEAD = "outputs.number.bias"
_calls = count(1)


@dataclass(frozen=True)
class Planted(Operator):
    """An operator with one site, made of a change to the draft and a twist of the result."""

    change: Change = lambda _: None
    twist: Twist = lambda mutated: mutated
    harm: Callable[[Model], None] = lambda _: None
    places: Callable[[Valp], Sequence[Site]] = lambda _: [Site(components=("n1",))]

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return what was planted."""
        return self.places(valp)

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,  # noqa: ARG002
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Do what was planted."""
        self.harm(parents[0])
        draft = Draft(parents[0], rng)
        self.change(draft)
        return self.twist(draft.finish())


# -- changes of the draft ---------------------------------------------------------------------------------


def draw_layer(draft: Draft) -> None:
    """Draw a layer anew, from the stream as is right."""
    draft.put(LAYER, torch.as_tensor(draft.rng.standard_normal(tuple(draft.weights[LAYER].shape))))


def draw_from_elsewhere(draft: Draft) -> None:
    """Let what is drawn depend on how often the operator was called."""
    draft.rng = np.random.default_rng(next(_calls))
    draw_layer(draft)


def scale(factor: float) -> Change:
    """Multiply a layer."""
    return lambda draft: draft.overwrite(LAYER, draft.weights[LAYER] * factor)


def widen_posterior(draft: Draft) -> None:
    """Keep the posterior's mean, and with it every prediction, but not its spread."""
    name = "networks.d1.bias.log_variance"
    draft.overwrite(name, draft.weights[name] + 1)


def shift_latent(draft: Draft) -> None:
    """Move the posterior and take the shift back behind the latent: only samples from the prior notice."""
    mean, body, bias = (f"networks.d1.{name}" for name in ("bias.mean", "body.sources.latent.main", "body.main.0.bias"))
    draft.overwrite(mean, draft.weights[mean] + 1)
    draft.overwrite(bias, draft.weights[bias] - draft.weights[body].sum(0))


def add_dead_network(draft: Draft) -> None:
    """Add a network that ends in zeros and is heard through zeros: no gradient will ever reach either."""
    spec = DenseSpec(2, (Layer(3, "tanh"),))
    new = draft.add_network(spec, {"x": False})
    for name in output_layer(spec):
        draft.overwrite(f"networks.{new}.{name}", torch.zeros_like(draft.weights[f"networks.{new}.{name}"]))
    draft.connect(new, "number", "zero")


def unfeed(draft: Draft) -> None:
    """Take the only source of a network away."""
    draft.disconnect("x", "n1")


# -- twists of the result ---------------------------------------------------------------------------------


def with_lineage(alter: Callable[[Lineage], Lineage]) -> Twist:
    """Alter the lineage."""
    return lambda mutated: replace(mutated, lineage=alter(mutated.lineage))


def with_origin(origin: Origin) -> Twist:
    """Give a layer another origin."""
    return with_lineage(lambda lineage: replace(lineage, tensors={**lineage.tensors, LAYER: origin}))


def with_weight(name: str, value: Callable[[Mutated], torch.Tensor]) -> Twist:
    """Give a weight another value, type or shape."""
    return lambda mutated: replace(mutated, weights={**mutated.weights, name: value(mutated)})


def without_weight(name: str) -> Twist:
    """Leave a weight out."""
    return lambda mutated: replace(mutated, weights={n: t for n, t in mutated.weights.items() if n != name})


def with_other_task(mutated: Mutated) -> Mutated:
    """Predict something else than the problem asks for."""
    changed = [Output(o.name, Regression(o.task.width)) for o in mutated.valp.outputs]
    return replace(mutated, valp=replace(mutated.valp, outputs=tuple(changed)))


def with_other_input(mutated: Mutated) -> Mutated:
    """Declare an input optional that is not."""
    changed = [Input(i.name, i.shape, i.kind, optional=True) for i in mutated.valp.inputs]
    return replace(mutated, valp=replace(mutated.valp, inputs=tuple(changed)))
