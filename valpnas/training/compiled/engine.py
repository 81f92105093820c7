"""CompiledEngine: trains by a plan, one model or several of one shape side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.graph.valp import Valp
from valpnas.seeding import torch_stream
from valpnas.training.clock import BatchClock
from valpnas.training.compiled.compile import compile_phase
from valpnas.training.compiled.lowering import has_foreign
from valpnas.training.data import Prepared
from valpnas.training.engine import Engine, PlainEngine
from valpnas.training.objectives import Losses
from valpnas.training.phase import Outcome, check_balance

MOST = 16  # models in one plan: more gain little, and their memory adds up


class CompiledEngine(Engine):
    """Plans the phase once and runs the plan; agrees with ``PlainEngine`` within float tolerance."""

    def train(
        self,
        model: Model,
        prepared: Prepared,
        losses: Losses,
        protocol: Protocol,
        rng: np.random.Generator,
        clock: BatchClock | None = None,
    ) -> Model:
        """Train by a plan; by the plain engine under a balancing that differentiates by the networks' weights."""
        if self.balancer.through_networks:
            self.say(f"balancing {self.balancer.name} needs gradients of single losses: the plain engine trains")
            return PlainEngine(self.balancer).train(model, prepared, losses, protocol, rng, clock)
        (outcome,) = self.train_side_by_side([model], prepared, losses, protocol, [rng], clock)
        if isinstance(outcome, TrainingFailedError):
            raise outcome
        return outcome

    def stacks(self, models: Sequence[Model]) -> list[list[int]]:
        """Return together those of equal VALPs whose kinds all have formulas, in stacks of ``MOST``."""
        if self.balancer.through_networks:
            return super().stacks(models)
        alike: dict[Valp, list[int]] = {}
        for index, model in enumerate(models):
            alike.setdefault(model.valp, []).append(index)
        return [stack for valp, those in alike.items() for stack in _cut(those, 1 if has_foreign(valp) else MOST)]

    def train_side_by_side(
        self,
        models: Sequence[Model],
        prepared: Prepared,
        losses: Losses,
        protocol: Protocol,
        rngs: Sequence[np.random.Generator],
        clock: BatchClock | None = None,
    ) -> list[Outcome]:
        """Train models as ``train`` does each alone, with a random stream each; return each, or why it failed.

        Each of the ``stacks`` runs as one plan, one after the other.
        """
        if self.balancer.through_networks:
            return super().train_side_by_side(models, prepared, losses, protocol, rngs, clock)
        outcomes: dict[int, Outcome] = {}
        for together in self.stacks(models):
            outcomes |= self._by_plan(together, models, prepared, losses, protocol, rngs, clock or BatchClock())
        return [outcomes[index] for index in range(len(models))]

    def _by_plan(
        self,
        together: Sequence[int],
        models: Sequence[Model],
        prepared: Prepared,
        losses: Losses,
        protocol: Protocol,
        rngs: Sequence[np.random.Generator],
        clock: BatchClock,
    ) -> dict[int, Outcome]:
        chosen = [models[index] for index in together]
        try:
            check_balance(self.balancer, chosen[0])
        except TrainingFailedError as error:  # of the VALP that all of these have
            return dict.fromkeys(together, error)
        generators = [torch_stream(rngs[index], str(prepared.device)) for index in together]
        plan = compile_phase(
            chosen, prepared.train, losses, self.balancer, protocol, generators, self.say, self.precision
        )
        return dict(zip(together, plan.train(clock), strict=True))


def _cut(indices: Sequence[int], most: int) -> list[list[int]]:
    return [list(indices[start : start + most]) for start in range(0, len(indices), most)]
