"""CompiledEngine: trains by a plan, one model or several of one shape side by side."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from valpnas.contracts.job import Protocol
from valpnas.contracts.model import Model
from valpnas.errors import TrainingFailedError
from valpnas.seeding import torch_stream
from valpnas.training.compiled.compile import compile_phase
from valpnas.training.compiled.plan import Outcome
from valpnas.training.data import Prepared
from valpnas.training.engine import Engine, PlainEngine
from valpnas.training.objectives import Losses
from valpnas.training.phase import check_balance

_log = logging.getLogger(__name__)


class CompiledEngine(Engine):
    """Plans the phase once and runs the plan; agrees with ``PlainEngine`` within float tolerance."""

    def train(
        self, model: Model, prepared: Prepared, losses: Losses, protocol: Protocol, rng: np.random.Generator
    ) -> Model:
        """Train by a plan; by the plain engine under a balancing that differentiates by the networks' weights."""
        if self.balancer.through_networks:
            _log.info("balancing %s needs gradients of single losses: the plain engine trains", self.balancer.name)
            return PlainEngine(self.balancer).train(model, prepared, losses, protocol, rng)
        (outcome,) = self._trained([model], prepared, losses, protocol, [rng])
        if isinstance(outcome, TrainingFailedError):
            raise outcome
        return outcome

    def _trained(
        self,
        models: Sequence[Model],
        prepared: Prepared,
        losses: Losses,
        protocol: Protocol,
        rngs: Sequence[np.random.Generator],
    ) -> list[Outcome]:
        for model in models:
            check_balance(self.balancer, model)
        generators = [torch_stream(rng, str(prepared.device)) for rng in rngs]
        return compile_phase(models, prepared.train, losses, self.balancer, generators).train(protocol)
