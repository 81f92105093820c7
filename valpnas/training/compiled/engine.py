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
from valpnas.training.compiled.plan import Outcome
from valpnas.training.data import Prepared
from valpnas.training.engine import Engine, PlainEngine
from valpnas.training.objectives import Losses
from valpnas.training.phase import check_balance


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

        Those of equal VALPs whose kinds all have formulas run as one plan: their layers are stacked. Others run one
        after the other.
        """
        outcomes: dict[int, Outcome] = {}
        for together in _stackable(models):
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
        plan = compile_phase(chosen, prepared.train, losses, self.balancer, protocol, generators, self.say)
        return dict(zip(together, plan.train(clock), strict=True))


def _stackable(models: Sequence[Model]) -> list[list[int]]:
    """Return the indices of ``models``, those together that one plan can train."""
    found: dict[Valp, list[list[int]]] = {}
    for index, model in enumerate(models):
        groups = found.setdefault(model.valp, [])
        if groups and not has_foreign(model.valp):
            groups[0].append(index)
        else:
            groups.append([index])
    return [group for groups in found.values() for group in groups]
