"""check_network_kind: can every macro and micro operator work on this kind of network without knowing it?

Source of the promises: ``contracts/network_kind.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.network_kind import DecoderModule, NetworkKind, Source
from valpnas.contracts.space import Space
from valpnas.graph.spec import Shape, Spec
from valpnas.seeding import torch_stream
from valpnas.testing.conformance_error import require, through_json
from valpnas.testing.growth_rules import check_growth

SPEC = "a spec is plain, hashable data"
INITIALISED = "initialise fills every tensor and draws from its generator only"
VALUES = "a network maps (n, *shape) values to (n, *output_shape), row by row"
SOURCES = "a source's tensors act linearly on it, and nothing else depends on which sources there are"
IDENTITY = "an identity source adds its value to the output"

Values = Mapping[str, Tensor]
_SHAPES: tuple[Shape, ...] = ((1,), (3,), (1, 4, 4), (2, 5))
_ROWS = 6


def check_network_kind(kind: NetworkKind, space: Space, rng: np.random.Generator, draws: int = 10) -> list[Spec]:
    """Try ``kind`` on ``draws`` random specs within ``space`` and return them, so that a test can see what was tried.

    Raises:
        ConformanceError: the first broken promise.
    """
    specs = [check_drawn_spec(kind, space, int(rng.integers(2**31))) for _ in range(draws)]
    for spec in specs:
        check_spec(kind, spec, space, rng)
    return specs


def check_drawn_spec(kind: NetworkKind, space: Space, seed: int) -> Spec:
    """Return a random spec; raises ``ConformanceError`` unless the same stream gives it again."""
    spec, again = (kind.random(space, np.random.default_rng(seed)) for _ in range(2))
    require(spec == again, SPEC, f"{kind.name} to draw {spec} from one stream", again)
    return spec


def check_spec(kind: NetworkKind, spec: Spec, space: Space, rng: np.random.Generator) -> None:
    """Check one ``spec`` of ``kind``, drawn or made by growth; raises ``ConformanceError``."""
    check_plain(kind, spec)
    shapes = [shape for shape in _SHAPES if kind.accepts(shape)]
    sources = {f"s{i}": Source(shape) for i, shape in enumerate(shapes)}
    tensors = initialised(kind, spec, sources, int(rng.integers(2**31)))
    values = {name: torch.as_tensor(rng.standard_normal((_ROWS, *source.shape))) for name, source in sources.items()}
    _check_values(kind, spec, sources, tensors, values)
    for name in sources:
        _check_linear(kind, spec, sources, tensors, values, name)
    _check_identity(kind, spec, rng)
    check_growth(kind, spec, space, rng)


def check_plain(kind: NetworkKind, spec: Spec) -> None:
    """Raise ``ConformanceError`` unless ``spec`` survives JSON and hashing and belongs to ``kind``."""
    require(spec.kind == kind.name, SPEC, f"kind {kind.name!r}", repr(spec.kind))
    again = kind.read(through_json(SPEC, str(spec), spec.to_json()))
    require(again == spec and hash(again) == hash(spec), SPEC, f"{spec} to survive JSON", again)
    shape = spec.output_shape
    require(len(shape) > 0 and min(shape) > 0, SPEC, "an output shape of positive sizes", shape)


def initialised(kind: NetworkKind, spec: Spec, sources: Mapping[str, Source], seed: int) -> dict[str, Tensor]:
    """Return newly initialised tensors in float64; raises ``ConformanceError`` for what ``initialise`` left out."""
    before = torch.get_rng_state()
    filled = [_filled(kind, spec, sources, seed) for _ in range(2)]
    require(torch.equal(before, torch.get_rng_state()), INITIALISED, f"{spec} to leave torch's own stream alone", "not")
    for name, tensor in filled[0].items():
        require(bool(tensor.isfinite().all()), INITIALISED, f"{spec} to fill {name}", tensor.tolist())
        require(torch.equal(tensor, filled[1][name]), INITIALISED, f"{spec} to draw {name} from its generator", "not")
    return filled[0]


def _filled(kind: NetworkKind, spec: Spec, sources: Mapping[str, Source], seed: int) -> dict[str, Tensor]:
    module = kind.build(spec, sources)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(float("nan"))
    kind.initialise(module, torch_stream(np.random.default_rng(seed)))
    return {name: t.detach().double() if t.is_floating_point() else t for name, t in module.state_dict().items()}


def emitted(
    kind: NetworkKind, spec: Spec, sources: Mapping[str, Source], tensors: Mapping[str, Tensor], values: Values
) -> Tensor:
    """Return what a network emits in evaluation mode; of a decoder its mean, log-variance and decoded mean as well."""
    module = kind.build(spec, sources)
    module.load_state_dict(dict(tensors), strict=True, assign=True)
    module.eval()
    with torch.no_grad():
        heard = {name: values[name] for name in sources}
        if not isinstance(module, DecoderModule):
            return cast(Tensor, module(heard))
        mean, log_variance = module.encode(heard)
        expected = (len(mean), module.latent)
        shapes = {tuple(mean.shape), tuple(log_variance.shape)}
        require(shapes == {expected}, VALUES, f"mean and log-variance of shape {expected}", shapes)
        return torch.cat([mean, log_variance, module.decode(mean).flatten(1)], dim=1)


def _check_values(
    kind: NetworkKind, spec: Spec, sources: Mapping[str, Source], tensors: Mapping[str, Tensor], values: Values
) -> None:
    whole = emitted(kind, spec, sources, tensors, values)
    if not spec.decodes:
        expected = (_ROWS, *spec.output_shape)
        require(tuple(whole.shape) == expected, VALUES, f"{spec} to emit {expected}", tuple(whole.shape))
    half = emitted(kind, spec, sources, tensors, {name: value[: _ROWS // 2] for name, value in values.items()})
    _check_close(VALUES, f"{spec} to treat rows one by one", whole[: _ROWS // 2], half)


def _check_linear(
    kind: NetworkKind,
    spec: Spec,
    sources: Mapping[str, Source],
    tensors: Mapping[str, Tensor],
    values: Values,
    name: str,
) -> None:
    """A source with zero tensors is not heard; one whose tensors are shared out between two equal sources still is."""
    others = {other: source for other, source in sources.items() if other != name}
    block = [tensor for tensor in tensors if tensor.startswith(f"sources.{name}.")]
    require(bool(block), SOURCES, f"{spec} to have tensors sources.{name}.<...>", sorted(tensors))
    if others:
        rest = {tensor: value for tensor, value in tensors.items() if tensor not in block}
        _check_names(kind, spec, others, rest)
        silent = {**tensors, **{tensor: torch.zeros_like(tensors[tensor]) for tensor in block}}
        heard = emitted(kind, spec, sources, silent, values)
        _check_close(SOURCES, f"{spec} not to hear {name}", emitted(kind, spec, others, rest, values), heard)
    twin = {**sources, "twin": sources[name]}
    shares = {tensor: 0.3 * tensors[tensor] for tensor in block}
    split = {tensor.replace(f".{name}.", ".twin.", 1): tensors[tensor] - share for tensor, share in shares.items()}
    shared = emitted(kind, spec, twin, {**tensors, **shares, **split}, {**values, "twin": values[name]})
    _check_close(
        SOURCES, f"{spec} to hear {name} through shares", emitted(kind, spec, sources, tensors, values), shared
    )


def _check_names(kind: NetworkKind, spec: Spec, sources: Mapping[str, Source], tensors: Mapping[str, Tensor]) -> None:
    asked = {name: tuple(tensor.shape) for name, tensor in kind.build(spec, sources).state_dict().items()}
    came = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    require(asked == came, SOURCES, f"the tensors {came} for {spec} with one source less", asked)


def _check_identity(kind: NetworkKind, spec: Spec, rng: np.random.Generator) -> None:
    if not spec.passes_identity or not kind.accepts(spec.output_shape):
        return
    plain, passed = {"s": Source(spec.output_shape)}, {"s": Source(spec.output_shape, identity=True)}
    tensors = initialised(kind, spec, plain, int(rng.integers(2**31)))
    values = {"s": torch.as_tensor(rng.standard_normal((_ROWS, *spec.output_shape)))}
    without, sent = emitted(kind, spec, plain, tensors, values), emitted(kind, spec, passed, tensors, values)
    _check_close(IDENTITY, f"{spec} to add its identity source", without + values["s"], sent)


def _check_close(promise: str, what: str, expected: Tensor, came: Tensor) -> None:
    require(expected.shape == came.shape, promise, f"{what}: shape {tuple(expected.shape)}", tuple(came.shape))
    allowed = 1e-10 * max(1.0, float(expected.abs().max()))
    difference = float((expected - came).abs().max())
    require(difference <= allowed, promise, f"{what} to within {allowed:.3g}", f"a difference of {difference:.3g}")
