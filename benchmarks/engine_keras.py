"""A fit of a VALP by Keras 3 on torch: the same layers, losses and batches, written as a user of Keras would."""

from __future__ import annotations

from typing import Any

import keras
import torch
from engine_contenders import RATE, Batches, Case
from keras import layers, ops

from valpnas.graph.tasks import Classification, Distribution, Generation
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec
from valpnas.networks.module import ValpModule
from valpnas.training.objectives import PRECISION


class Draw(layers.Layer):  # type: ignore[misc]
    """A draw from a posterior; adds its divergence to the loss, times ``share``."""

    def __init__(self, share: float) -> None:
        """Take the part that the divergence has in the loss."""
        super().__init__()
        self._share, self._seed = share, keras.random.SeedGenerator(0)

    def call(self, mean: Any, log_variance: Any) -> Any:
        """Draw."""
        log_variance = ops.clip(log_variance, -10.0, 10.0)
        variance = ops.exp(log_variance)
        if self._share:
            divergence = ops.sum(ops.square(mean) + variance - 1 - log_variance, axis=1)
            self.add_loss(0.5 * self._share * ops.mean(divergence))
        noise = keras.random.normal(ops.shape(mean), seed=self._seed)
        return mean + ops.exp(0.5 * log_variance) * noise


def keras_fit(case: Case) -> Batches:
    """Return what fits ``case`` for so many batches."""
    model = _model(case)
    part, valp = case.prepared.train, case.valp
    inputs = {name: value.flatten(1).cpu().numpy() for name, value in part.inputs.items()}
    targets = {name: value.flatten(1) if value.dim() > 1 else value for name, value in part.targets.items()}
    outputs = {name: target.cpu().numpy() for name, target in targets.items()}

    def train(batches: int) -> None:
        left = batches
        with torch.enable_grad():
            while left:
                rows = min(left, len(part) // valp.batch_size) * valp.batch_size
                some = {name: value[:rows] for name, value in inputs.items()}
                model.fit(
                    some, {name: value[:rows] for name, value in outputs.items()}, batch_size=valp.batch_size, verbose=0
                )
                left -= rows // valp.batch_size

    return train


def _model(case: Case) -> Any:
    valp = case.valp
    values: dict[str, Any] = {
        vertex.name: keras.Input((torch.Size(vertex.shape).numel(),), name=vertex.name) for vertex in valp.inputs
    }
    inputs = dict(values)
    shares = _shares(case)
    for name in valp.order:
        heard = _heard(values, valp.sources(name))
        spec: Any = valp.specs[name]
        if isinstance(spec, DecoderSpec):
            drawn = Draw(shares.get(name, 0.0))(layers.Dense(spec.latent)(heard), layers.Dense(spec.latent)(heard))
            values[name] = _dense(spec.body, drawn)
        else:
            values[name] = _dense(spec, heard)
    outputs = {
        o.name: layers.Dense(o.task.width, name=o.name)(_heard(values, valp.sources(o.name))) for o in valp.outputs
    }
    model = keras.Model(inputs, outputs)
    losses = {output.name: _loss(output.task, case.losses.scales[output.name]) for output in valp.outputs}
    model.compile(keras.optimizers.Adam(RATE), loss=losses)
    return model


def _heard(values: dict[str, Any], sources: tuple[str, ...]) -> Any:
    found = [values[source] for source in sources]
    return found[0] if len(found) == 1 else layers.Concatenate()(found)


def _dense(spec: DenseSpec, value: Any) -> Any:
    for layer in spec.layers:
        value = layers.Dense(layer.width, activation=layer.activation)(value)
    return layers.Dense(spec.output)(value)


def _shares(case: Case) -> dict[str, float]:
    """Return what each decoder's divergence weighs in the sum of the losses."""
    found: dict[str, float] = {}
    last = ValpModule(case.valp).last_decoders
    for output in case.valp.outputs:
        if isinstance(output.task, Generation):
            for decoder in last[output.name]:
                share = 1 / (output.task.width * case.losses.scales[output.name])
                found[decoder] = found.get(decoder, 0.0) + share
    return found


def _loss(task: Any, scale: float) -> Any:
    if isinstance(task, Classification):
        crossed = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        return lambda target, logits: ops.mean(crossed(target, logits)) / scale
    if isinstance(task, Distribution):

        def divergence(target: Any, logits: Any) -> Any:
            logs = ops.log_softmax(logits, axis=1)
            return ops.mean(ops.sum(target * (ops.log(ops.maximum(target, 1e-12)) - logs), axis=1)) / scale

        return divergence
    if isinstance(task, Generation):
        return lambda target, logits: PRECISION * ops.mean(ops.square(ops.sigmoid(logits) - target)) / scale
    return lambda target, values: ops.mean(ops.square(values - target)) / scale
