"""check_operator: is a variation operator what it says it is? Every promise of the contract, at every site of a model.

Source of the promises: ``contracts/operator.py`` and [VALP] sections IV-C and V.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from valpnas.catalog import read_spec
from valpnas.contracts.inheritance import inherit
from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Operator, Site, vary
from valpnas.errors import InvalidValpError
from valpnas.graph.validity import check_same_outputs, validate
from valpnas.graph.valp import Valp
from valpnas.graph.valp_json import valp_from_json, valp_to_json
from valpnas.networks.module import ValpModule
from valpnas.testing.conformance_error import ConformanceError, require, through_json
from valpnas.testing.function_kept import Baseline, check_function_kept
from valpnas.testing.gradients_reach import check_gradients_reach
from valpnas.testing.probes import Probe
from valpnas.testing.state_carried import check_lineage, check_state_carried

SITES = "sites are a fixed list of places in the VALP"
VALID = "the result is a valid VALP with the same inputs and outputs"
UNTOUCHED = "parents are not altered"
REPEATABLE = "the same stream gives the same result"
WEIGHTS = "the weights are exactly the tensors of the new VALP's module"

Contents = dict[str, object]


@dataclass(frozen=True)
class SiteReport:
    """What an operator did at one site: ``parameters`` is the measured change in the number of weights.

    ``as_labelled`` says whether that agrees with the operator's effect. It is reported and not required: a reducer
    may join two wide neighbours of a narrow part, which costs more weights than the part had.
    """

    site: Site
    parameters: int
    as_labelled: bool


def check_operator(
    operator: Operator, model: Model, rng: np.random.Generator, donors: tuple[Model, ...] = ()
) -> list[SiteReport]:
    """Try ``operator`` at every site of ``model`` and report what it did there; empty when no site is legal.

    Args:
        operator: the variant to check.
        model: the parent, best one that has been trained (``partly_trained``), so that there is state to carry.
        rng: source of the seeds of every application.
        donors: further parents, for an operator that needs them.

    Raises:
        ConformanceError: the first broken promise.
    """
    trial = Trial.of(operator, (model, *donors), rng)
    return [trial.check_site(site, int(rng.integers(2**31))) for site in checked_sites(operator, model.valp)]


def checked_sites(operator: Operator, valp: Valp) -> list[Site]:
    """Return the operator's sites; raises ``ConformanceError`` unless they are a list of places that can be stored."""
    sites = list(operator.sites(valp))
    require(sites == list(operator.sites(valp)), SITES, f"{operator.name} to give one order", "another the second time")
    require(len(set(sites)) == len(sites), SITES, f"{operator.name} to name each site once", sites)
    known = set(valp.digraph)
    for site in sites:
        named = {*site.components, *site.outputs, *(end for arc in site.arcs for end in arc)}
        require(named <= known, SITES, f"{operator.name} to name components of the VALP", sorted(named - known))
        require(set(site.outputs) <= set(valp.tasks), SITES, f"{operator.name} to name outputs", site.outputs)
        again = Site.from_json(through_json(SITES, f"{operator.name} at {site!r}", site.to_json()))
        require(again == site, SITES, f"{operator.name} at {site!r} to survive JSON", repr(again))
    return sites


@dataclass(frozen=True, eq=False)
class Trial:
    """An operator and the parents it is tried on, with what they were before."""

    operator: Operator
    parents: tuple[Model, ...]
    before: tuple[Contents, ...]
    baselines: tuple[Baseline, ...]

    @staticmethod
    def of(operator: Operator, parents: tuple[Model, ...], rng: np.random.Generator) -> Trial:
        """Take down what ``parents`` hold and, for a gentle operator, what the first of them answers."""
        before = tuple(_contents(parent) for parent in parents)
        return Trial(operator, parents, before, Baseline.both(parents, rng) if operator.gentle else ())

    def check_site(self, site: Site, seed: int) -> SiteReport:
        """Try the operator at one site; raises ``ConformanceError`` for the first broken promise."""
        what = f"{self.operator.name} at {site}"
        mutated = self.operator.apply(self.parents, site, None, np.random.default_rng(seed))
        for parent, before in zip(self.parents, self.before, strict=True):
            _check_equal(UNTOUCHED, what, before, _contents(parent))
        _check_graph(what, self.parents[0].valp, mutated.valp)
        _check_weights(what, self.parents[0], mutated)
        check_lineage(what, self.parents, mutated)
        child = inherit(self.parents, mutated)
        again = vary(self.operator, self.parents, site, np.random.default_rng(seed))
        _check_equal(REPEATABLE, what, _contents(child), _contents(again))
        check_state_carried(what, self.parents, mutated, child)
        for baseline in self.baselines:
            check_function_kept(self.operator, baseline, site, seed)
        check_gradients_reach(what, mutated, Probe.draw(mutated.valp, np.random.default_rng(seed), rows=32))
        change = child.parameters - self.parents[0].parameters
        labels = {"extender": change > 0, "reducer": change < 0, "neutral": change == 0}
        return SiteReport(site, change, labels[self.operator.effect])


def _contents(model: Model) -> Contents:
    """Return everything a model holds, tensors copied, by name."""
    found: Contents = {"graph": json.dumps(valp_to_json(model.valp)), "ages": dict(model.ages)}
    found |= {"batches": (model.batches, model.changed_at)}
    tables = {"weight": model.weights, "buffer": model.buffers, "history": model.histories}
    found |= {f"{what} {name}": t.clone() for what, table in tables.items() for name, t in table.items()}
    for lead, state in model.optimiser.items():
        found |= {f"{part} of {n} under {lead}": t.clone() for n, slots in state.items() for part, t in slots.items()}
    return found


def _check_equal(promise: str, what: str, before: Contents, after: Contents) -> None:
    differing = sorted(before.keys() ^ after.keys())
    differing += [name for name in before.keys() & after.keys() if not _same(before[name], after[name])]
    require(not differing, promise, f"{what} to leave everything equal", f"another {', '.join(differing[:3])}")


def _same(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    return one == other


def _check_graph(what: str, before: Valp, after: Valp) -> None:
    try:
        validate(after)
        check_same_outputs(after, [(output.name, output.task) for output in before.outputs])
    except InvalidValpError as error:
        raise ConformanceError(VALID, f"{what} to keep every rule and the outputs", str(error)) from error
    require(before.inputs == after.inputs, VALID, f"{what} to keep the inputs {before.inputs}", after.inputs)
    again = valp_from_json(through_json(VALID, what, valp_to_json(after)), read_spec)
    require(again == after, VALID, f"{what} to give a VALP that survives JSON", again)


def _check_weights(what: str, parent: Model, child: Mutated) -> None:
    module = ValpModule(child.valp)
    for asked, given in ((module.named_parameters(), child.weights), (module.named_buffers(), child.buffers)):
        expected = {name: tuple(tensor.shape) for name, tensor in asked}
        came = {name: tuple(tensor.shape) for name, tensor in given.items()}
        wrong = sorted(name for name in expected.keys() | came.keys() if expected.get(name) != came.get(name))
        told = ", ".join(f"{name} {came.get(name)}" for name in wrong)
        require(not wrong, WEIGHTS, f"{what}: {', '.join(f'{name} {expected.get(name)}' for name in wrong)}", told)
    kinds = {(t.dtype, t.device) for t in [*parent.weights.values(), *child.weights.values()]}
    require(len(kinds) == 1, WEIGHTS, f"{what} to keep floating type and device", kinds)
    tensors = {**child.weights, **child.buffers}
    bad = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    require(not bad, WEIGHTS, f"{what} to give finite weights", bad)
    memory = {tensor.data_ptr() for tensor in tensors.values()}
    require(len(memory) == len(tensors), WEIGHTS, f"{what} to give each tensor memory of its own", "shared memory")
