"""Measuring: further objectives of a model - its size, its arithmetic, its latency - and the limit of the last.

They are measured once, where the model is trained, and come back with its result: a journalled time is replayed, never
measured again. A latency depends on the machine, and on what else it does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from valpnas.contracts.executor import Group
from valpnas.contracts.failure import failure_reason
from valpnas.contracts.job import Job, Result
from valpnas.contracts.model import Model
from valpnas.networks.module import load_module
from valpnas.training.data import Prepared

Clock = Callable[[], float]
Trainer = Callable[[Group], Sequence[Result]]

_WARM_UP, _REPEATS = 3, 20


def parameters(model: Model, prepared: Prepared, clock: Clock) -> float:  # noqa: ARG001 - all measures take the same
    """Return the number of trainable weights."""
    return float(model.parameters)


def flops(model: Model, prepared: Prepared, clock: Clock) -> float:  # noqa: ARG001
    """Return the floating-point operations of matrix products and convolutions that predict one row."""
    predict = _prediction(model, prepared)
    with FlopCounterMode(display=False) as counter:
        predict()
    return float(counter.get_total_flops())


def latency(model: Model, prepared: Prepared, clock: Clock) -> float:
    """Return the milliseconds that predicting one row takes: the least of twenty, for others only add noise."""
    predict = _prediction(model, prepared)
    for _ in range(_WARM_UP):
        predict()
    seconds = []
    for _ in range(_REPEATS):
        before = clock()
        predict()
        seconds.append(clock() - before)
    return 1000 * min(seconds)


MEASURES = {"parameters": parameters, "flops": flops, "latency": latency}
"""The further objectives there are, all to be minimised."""


def measuring(
    trainer: Trainer,
    prepared: Prepared,
    names: Sequence[str],
    max_latency: float = 0.0,
    clock: Clock = time.perf_counter,
) -> Trainer:
    """Return ``trainer`` with the measures called ``names`` among the objectives of its results.

    A model whose latency exceeds ``max_latency`` milliseconds (0: no limit) fails before it is trained.
    """
    return _Measuring(trainer, prepared, tuple(names), max_latency, clock) if names or max_latency else trainer


@dataclass(frozen=True, eq=False)
class _Measuring:
    """A trainer that also measures. All measures depend on the structure alone, so they are taken before training."""

    trainer: Trainer
    prepared: Prepared
    names: tuple[str, ...]
    max_latency: float
    clock: Clock

    def __call__(self, group: Group) -> list[Result]:
        """Measure, then train what may be; raises nothing for a model that merely cannot be measured."""
        measured = [self._measured(job) for job in group]
        fit = [job for job, found in zip(group, measured, strict=True) if not isinstance(found, Result)]
        trained = iter(self.trainer(fit) if fit else ())
        return [found if isinstance(found, Result) else _joined(next(trained), found) for found in measured]

    def _measured(self, job: Job) -> Mapping[str, float] | Result:
        """Return the further objectives of a model, or why it is not to be trained."""
        if job.fault:  # there is nothing to measure, and the trainer says so
            return {}
        wanted = {*self.names} | ({"latency"} if self.max_latency else set())
        try:
            found = {name: MEASURES[name](job.model, self.prepared, self.clock) for name in sorted(wanted)}
        except Exception as error:  # no memory, a plug-in's fault: this candidate's failure
            return Result(job.record, reason=failure_reason(error))
        if 0 < self.max_latency < found.get("latency", 0.0):
            reason = f"latency {found['latency']:.3g} ms exceeds max_latency {self.max_latency:g} ms"
            return Result(job.record, reason=reason)
        return {name: found[name] for name in self.names}


def _joined(result: Result, found: Mapping[str, float]) -> Result:
    return result if result.failed else replace(result, objectives={**result.objectives, **found})


def _prediction(model: Model, prepared: Prepared) -> Callable[[], None]:
    """Return what predicts one row, and waits until it is done."""
    module = load_module(model).to(prepared.device).eval()
    row = {name: value[:1] for name, value in prepared.parts["diagnostic"].inputs.items()}

    @torch.no_grad()
    def predict() -> None:
        module(row)
        if prepared.device.type == "cuda":
            torch.cuda.synchronize(prepared.device)

    return predict
