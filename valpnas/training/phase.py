"""What every engine does alike in a training phase: the order of rows, the look at the losses, the trained model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from valpnas.contracts.model import Model, Slots
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError, ValpnasError
from valpnas.training.balancing.balancer import Balancer

CHECK_EVERY = 100  # batches between looks at the losses: each look waits for the device

States = Mapping[str, Slots]
Outcome = Model | TrainingFailedError  # of one of several models: trained, or why it failed


def batch_rows(rows: int, batches: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield index tensors: a fresh permutation per epoch, the incomplete last batch of an epoch left out."""
    size = min(size, rows)
    given = 0
    while given < batches:
        order = torch.randperm(rows, generator=generator, device=generator.device)
        for start in range(0, rows - size + 1, size):
            if given == batches:
                return
            yield order[start : start + size]
            given += 1


def deadline_of(protocol: Protocol) -> float:
    """Return the monotonic time at which a phase that begins now must be over."""
    return time.monotonic() + protocol.time_limit if protocol.time_limit else float("inf")


def check_balance(balancer: Balancer, model: Model) -> None:
    """Raise ``TrainingFailedError`` unless ``balancer`` can balance this model's outputs."""
    try:
        balancer.check(model.valp)
    except ValpnasError as error:  # of this candidate, not of the run: the search goes on with others
        raise TrainingFailedError(str(error)) from error


def check_losses(model: Model, record: Tensor, deadline: float, protocol: Protocol) -> None:
    """Raise ``TrainingFailedError`` for a loss in ``record``, ``(batches, outputs)``, that is not finite, or at the end
    of the time.
    """
    finite = torch.isfinite(record)
    if not bool(finite.all()):
        batch, output = (int(i) for i in torch.nonzero(~finite)[0])
        raise TrainingFailedError(
            f"diverged: the loss of {model.valp.outputs[output].name!r} is not finite at batch {batch + 1}",
            len(record),
        )
    if time.monotonic() > deadline:
        raise TrainingFailedError(
            f"timed out: {protocol.time_limit:g} s were over after {len(record)} of {protocol.batches} batches",
            len(record),
        )


def trained_model(
    model: Model,
    weights: Mapping[str, Tensor],
    buffers: Mapping[str, Tensor],
    optimiser: Mapping[str, States],
    balancer: States,
    record: Tensor,
) -> Model:
    """Return ``model`` as a phase has made it, contiguous and on the CPU; ``record`` is ``(batches, outputs)``."""
    new = record.cpu()
    return replace(
        model,
        weights={name: weight.detach().cpu().contiguous() for name, weight in weights.items()},
        buffers={name: buffer.detach().cpu() for name, buffer in buffers.items()},
        optimiser={lead: _on_cpu(state) for lead, state in optimiser.items()},
        histories={o.name: _extended(model, o.name, new[:, i]) for i, o in enumerate(model.valp.outputs)},
        ages={name: age + len(record) for name, age in model.ages.items()},
        batches=model.batches + len(record),
        balancer=_on_cpu(balancer),
    )


def _extended(model: Model, output: str, new: Tensor) -> Tensor:
    return torch.cat([model.histories[output], new]) if output in model.histories else new.clone()


def _on_cpu(state: States) -> dict[str, dict[str, Tensor]]:
    return {
        name: {part: value.detach().cpu().contiguous() for part, value in slots.items()}
        for name, slots in state.items()
    }
