"""planted: does each diagnostic find what was built into a model, and how often does it see what is not there?

    python benchmarks/planted.py 20

Per seed a problem is drawn and two models are trained on it. In one, a sub-network's output is multiplied by zero,
another sub-network only passes on what it gets, one is heard by a single output, and an input is pure noise. In the
other nothing was planted: all it has is needed, so that what a diagnostic calls spare there is a false alarm. Further
histories and rankings are known by construction. Prints a line per truth: found in how many seeds; and a line per kind
of alarm: raised in how many of the cases in which it would be false. Exits with 1 when a truth is found in fewer than
19 of 20 seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valpnas import catalog
from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.problem import Part, Parts, Problem, Reader
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.tasks import Classification, Generation, Regression
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.seeding import stream
from valpnas.training.data import Prepared, prepare
from valpnas.training.device import small_network_settings
from valpnas.training.engine import PlainEngine
from valpnas.training.objectives import Losses, constant_losses
from valpnas.training.view import HeldOutView

OUTPUTS = (Output("kind", Classification(2)), Output("y1", Regression(1)), Output("y2", Regression(1)))
WIDTH = 8  # of every network's output
ROUNDS, BATCHES = 8, 75  # what was planted is put back after each round of training
# Which network hears what, and which output hears it. `silent` is heard by nobody, `half` not by y2.
UNTOUCHED = ("a>main", "a>half", "a>refine", "main>kind", "main>y1", "main>y2", "half>y1", "half>y2", "refine>kind")
PLANTED = (*UNTOUCHED, "z>main", "a>silent", "silent>y1", "silent>y2", "main>relay", "relay>y1")
DEAF = ("silent>y1", "silent>y2", "half>y2")


@dataclass(frozen=True)
class Case:
    """A model whose truth is known, and what to look at it through."""

    model: Model
    prepared: Prepared
    losses: Losses

    def view(self, objectives: Mapping[str, float] = {}, peers: Mapping[int, Mapping[str, float]] = {}) -> HeldOutView:
        """Return the view of the model."""
        return HeldOutView(self.model, self.prepared, self.losses, len(peers), objectives, peers)


def problem(seed: int, noise: bool, rows: int = 2000) -> Prepared:
    """Return a problem with three features of `a` that matter to each output; with ``noise`` further ones do not."""
    rng = stream(seed, "planted problem")
    a = rng.standard_normal((rows, 4 if noise else 3))
    mixed = np.tanh(a[:, :3] @ _signs(rng, 3))
    targets = {
        "kind": (mixed[:, 0] + a[:, 0] * a[:, 1] * a[:, 2] > 0).astype(int),
        "y1": mixed[:, [1]] + 0.5 * np.abs(a[:, [0]]) + 0.1 * rng.standard_normal((rows, 1)),
        "y2": mixed[:, [2]] + 0.5 * np.abs(a[:, [1]]) + 0.1 * rng.standard_normal((rows, 1)),
    }
    inputs = {"a": a} | ({"z": rng.standard_normal((rows, 3))} if noise else {})
    vertices = [Input(name, value.shape[1:]) for name, value in inputs.items()]
    parts = Parts.split(Part(inputs, targets), seed=seed, shares=(0.6, 0.2, 0.1, 0.1))
    made = Problem.from_parts("planted", "a problem with known truth", vertices, OUTPUTS, parts)
    return prepare(made, Reader(), torch.device("cpu"))


def _signs(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Return weights between 0.7 and 1.3 with random signs: none is next to nothing."""
    signs: NDArray[np.float64] = rng.uniform(0.7, 1.3, (size, size)) * rng.choice([-1.0, 1.0], (size, size))
    return signs


def trained(seed: int, planted: bool) -> Case:
    """Return a trained model, with everything planted or with nothing."""
    prepared = problem(seed, noise=planted)
    losses = constant_losses({output.name: output.task for output in OUTPUTS}, prepared.train)
    ends = [arc.split(">") for arc in (PLANTED if planted else UNTOUCHED)]
    arcs = [Arc(source, target) for source, target in ends]
    names = {arc.source for arc in arcs} - {vertex.name for vertex in prepared.problem.inputs}
    networks = [SubNetwork(name, DenseSpec(WIDTH, (Layer(2 * WIDTH, "relu"),))) for name in sorted(names)]
    valp = Valp.make(prepared.problem.inputs, networks, OUTPUTS, arcs, batch_size=50)
    model = fresh_model(valp, stream(seed, "planted model"))
    for part in range(ROUNDS):
        protocol = Protocol(BATCHES, Schedule("constant"), (0.0, 1.0))
        model = PlainEngine().train(model, prepared, losses, protocol, stream(seed, "train", part))
        model = plant(model) if planted else model
    return Case(replace(model, ages=dict.fromkeys(model.ages, 10_000)), prepared, losses)


def plant(model: Model) -> Model:
    """Multiply what is not to be heard by zero, and let `relay` say what it hears: relu(x) - relu(-x) = x."""
    deaf = {"outputs.{1}.sources.{0}.weight".format(*arc.split(">")) for arc in DEAF}
    eye = torch.eye(WIDTH)
    relay = {
        "networks.relay.sources.main.main": torch.cat([eye, -eye], dim=1),
        "networks.relay.main.1.weight": torch.cat([eye, -eye]),
        "networks.relay.main.0.bias": torch.zeros(2 * WIDTH),
        "networks.relay.main.1.bias": torch.zeros(WIDTH),
    }
    assert set(relay) <= set(model.weights)  # noqa: S101 - the names are those of dense networks
    zeros = {name: torch.zeros_like(model.weights[name]) for name in deaf}
    return replace(model, weights={**model.weights, **zeros, **relay})


def histories(seed: int) -> tuple[Case, Case]:
    """Return a model whose outputs have converged - it is the function that made the data - and one that learns."""
    rng = stream(seed, "histories")
    x = rng.standard_normal((2000, 3))
    y = x @ rng.standard_normal((3, 1)) + 0.3 * rng.standard_normal((2000, 1))
    made = Problem.from_arrays({"x": x}, {"y": y}, name="line", split_seed=seed)
    prepared = prepare(made, Reader(), torch.device("cpu"))
    losses = constant_losses({output.name: output.task for output in made.outputs}, prepared.train)
    falling = fresh_model(_line(made, 3e-4), rng)
    best = torch.linalg.lstsq(prepared.train.inputs["x"], prepared.train.targets["y"]).solution
    still = replace(fresh_model(_line(made, 3e-5), rng), weights=_exact(falling.weights, best))
    protocol = Protocol(400, Schedule("constant"), (0.0, 1.0))
    models = [PlainEngine().train(m, prepared, losses, protocol, stream(seed, "line")) for m in (still, falling)]
    return Case(models[0], prepared, losses), Case(models[1], prepared, losses)


def memorised(seed: int) -> Case:
    """Return a model that was trained on few rows whose targets are noise: nothing in them holds for other rows."""
    rng = stream(seed, "memorised")
    x, y = rng.standard_normal((200, 8)), rng.standard_normal((200, 1))
    made = Problem.from_arrays({"x": x}, {"y": y}, name="noise", split_seed=seed)
    prepared = prepare(made, Reader(), torch.device("cpu"))
    losses = constant_losses({output.name: output.task for output in made.outputs}, prepared.train)
    networks = [SubNetwork("n1", DenseSpec(WIDTH, (Layer(8 * WIDTH, "relu"),)))]
    arcs = [Arc("x", "n1"), Arc("n1", "y")]
    valp = Valp.make(made.inputs, networks, made.outputs, arcs, {"y": OutputTraining(3e-3)}, batch_size=50)
    protocol = Protocol(400, Schedule("constant"), (0.0, 1.0))
    model = PlainEngine().train(fresh_model(valp, rng), prepared, losses, protocol, stream(seed, "noise"))
    return Case(model, prepared, losses)


def latents(seed: int) -> tuple[Case, Case]:
    """Return a model whose latents are 0.3 off what its samples are drawn from, and one whose latents are not off."""
    rng = stream(seed, "latents")
    x, outputs = rng.standard_normal((2000, 8)), [Output("picture", Generation((1, 2, 2)))]
    parts = Parts.split(
        Part({"x": x}, {"picture": rng.random((2000, 1, 2, 2))}), seed=seed, shares=(0.6, 0.2, 0.1, 0.1)
    )
    made = Problem.from_parts("drawn", "pictures of noise", [Input("x", (8,))], outputs, parts)
    prepared = prepare(made, Reader(), torch.device("cpu"))
    losses = constant_losses({"picture": outputs[0].task}, prepared.train)
    networks = [SubNetwork("n1", DecoderSpec(4, DenseSpec(WIDTH, (Layer(WIDTH, "relu"),))))]
    model = fresh_model(Valp.make(made.inputs, networks, outputs, [Arc("x", "n1"), Arc("n1", "picture")]), rng)
    spread = 0.9  # of the posterior means; the posterior has the rest
    known = {
        "sources.x.mean": torch.as_tensor(spread * np.linalg.qr(rng.standard_normal((8, 4)))[0]).float(),
        "sources.x.log_variance": torch.zeros(8, 4),
        "bias.log_variance": torch.full((4,), float(np.log(1 - spread**2))),
    }
    weights = {**model.weights, **{f"networks.n1.{name}": tensor for name, tensor in known.items()}}
    shift = {"networks.n1.bias.mean": torch.as_tensor(0.3 * rng.choice([-1.0, 1.0], 4)).float()}
    off, on = (replace(model, weights={**weights, **shifted}) for shifted in (shift, {}))
    return Case(off, prepared, losses), Case(on, prepared, losses)


def _line(made: Problem, rate: float) -> Valp:
    arcs = [Arc("x", "n1"), Arc("n1", "y")]
    networks = [SubNetwork("n1", DenseSpec(1, (Layer(2, "relu"),)))]
    return Valp.make(made.inputs, networks, made.outputs, arcs, {"y": OutputTraining(rate)}, batch_size=50)


def _exact(weights: Mapping[str, Tensor], best: Tensor) -> dict[str, Tensor]:
    """Return weights that compute ``x @ best``."""
    known = {
        "networks.n1.sources.x.main": torch.cat([best, -best], dim=1),
        "networks.n1.main.1.weight": torch.tensor([[1.0], [-1.0]]),
        "outputs.y.sources.n1.weight": torch.ones(1, 1),
    }
    return {name: known.get(name, torch.zeros_like(weight)) for name, weight in weights.items()}


def look(name: str, view: HeldOutView, seed: int) -> Sequence[Finding]:
    """Return what a diagnostic sees."""
    return catalog.diagnostic(name).examine(view, stream(seed, "look"))


def truths(seed: int, case: Case) -> Iterator[tuple[str, bool]]:
    """Yield each planted truth and whether it is found."""
    outputs = {output.name for output in OUTPUTS}
    still, falling = histories(seed)
    slopes = {which: look("loss_slope", model.view(), seed)[0].kind for which, model in (("s", still), ("f", falling))}
    yield "loss_slope: a converged output is STUCK", slopes["s"] == "STUCK"
    yield "loss_slope: an output that learns is falling", slopes["f"] in {"STEEP", "MODERATE"}
    gap = look("generalisation_gap", memorised(seed).view(), seed)
    yield "generalisation_gap: few rows of noise are MEMORISED", gap[0].kind == "MEMORISED"
    off = look("latent_prior", latents(seed)[0].view(), seed)
    yield "latent_prior: latents 0.3 off are OFF_PRIOR", off[0].kind == "OFF_PRIOR"
    modules = {(f.kind, f.component, f.output) for f in look("module_intervention", case.view(), seed)}
    yield "module_intervention: what is multiplied by zero is IRRELEVANT", ("IRRELEVANT", "silent", "") in modules
    yield "module_intervention: what one output does not hear", ("IRRELEVANT_TO_OUTPUT", "half", "y2") in modules
    yield "module_intervention: the only source of an output is RELEVANT", ("RELEVANT", "main", "y2") in modules
    inputs = look("input_intervention", case.view(), seed)
    whole = {(f.kind, f.component, f.output) for f in inputs if "first feature" not in f.evidence}
    spare = {(int(f.evidence["first feature"]), f.output) for f in inputs if "first feature" in f.evidence}
    yield "input_intervention: a noise input is IRRELEVANT", all(("INPUT_IRRELEVANT", "z", o) in whole for o in outputs)
    yield (
        "input_intervention: one that is needed is RELEVANT",
        all(("INPUT_RELEVANT", "a", o) in whole for o in outputs),
    )
    yield "input_intervention: a noise feature is IRRELEVANT", spare == {(3, output) for output in outputs}
    reads = {(f.kind, f.component, f.output) for f in look("dependency", case.view(), seed)}
    yield "dependency: what passes on what it gets ADDS_NOTHING", ("ADDS_NOTHING", "relay", "y1") in reads
    yield "dependency: what learns by itself ADDS_INFORMATION", ("ADDS_INFORMATION", "refine", "kind") in reads
    yield from _ranked(seed, case)


def _ranked(seed: int, case: Case) -> Iterator[tuple[str, bool]]:
    rng = stream(seed, "peers")
    peers = {i: {o.name: float(rng.uniform(0.2, 0.8)) for o in OUTPUTS} for i in range(20)}
    found = look("relative_performance", case.view({"kind": 0.1, "y1": 0.9, "y2": 0.1}, peers), seed)
    said = {(f.kind, f.output) for f in found}
    wanted = {("STRONG_OUTPUT", "kind"), ("STRONG_OUTPUT", "y2"), ("WEAK_OUTPUT", "y1")}
    yield "relative_performance: best in all outputs but one", said == wanted


def alarms(seed: int, case: Case) -> Iterator[tuple[str, bool]]:
    """Yield each case in which an alarm would be false, and whether it is raised; ``case`` has nothing planted."""
    still, falling = histories(seed)
    yield "loss_slope: STUCK though falling", look("loss_slope", falling.view(), seed)[0].kind == "STUCK"
    yield (
        "loss_slope: falling though converged",
        look("loss_slope", still.view(), seed)[0].kind in {"STEEP", "MODERATE"},
    )
    for plenty in (still, falling):
        kinds = {finding.kind for finding in look("generalisation_gap", plenty.view(), seed)}
        yield "generalisation_gap: MEMORISED though rows are plenty", "MEMORISED" in kinds
    drawn_alike = look("latent_prior", latents(seed)[1].view(), seed)
    yield "latent_prior: OFF_PRIOR though drawn alike", drawn_alike[0].kind == "OFF_PRIOR"
    pairs = [(n, o) for n in case.model.valp.specs for o in case.model.valp.targets(n) if o in case.model.valp.tasks]
    modules = look("module_intervention", case.view(), seed)
    spare = {(f.component, f.output) for f in modules if f.kind in {"IRRELEVANT", "IRRELEVANT_TO_OUTPUT"}}
    for network, output in pairs:
        yield "module_intervention: spare though needed", bool({(network, output), (network, "")} & spare)
    inputs = [f for f in look("input_intervention", case.view(), seed) if f.kind == "INPUT_IRRELEVANT"]
    features = {(f.evidence.get("first feature", -1.0), f.output) for f in inputs}
    for output in case.model.valp.tasks:
        for feature in (-1, 0, 1, 2):
            yield "input_intervention: INPUT_IRRELEVANT though needed", (feature, output) in features
    nothing = {f.component for f in look("dependency", case.view(), seed) if f.kind == "ADDS_NOTHING"}
    yield "dependency: ADDS_NOTHING though it learnt by itself", "refine" in nothing
    rng = stream(seed, "equals")
    for _ in range(10):
        drawn = {i: {o.name: float(rng.random()) for o in OUTPUTS} for i in range(21)}
        found = look("relative_performance", case.view(drawn.pop(20), drawn), seed)
        yield "relative_performance: WEAK_OUTPUT among equals", any(f.kind == "WEAK_OUTPUT" for f in found)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=int, nargs="?", default=20)
    seeds = parser.parse_args().seeds
    found, raised, chances = Counter[str](), Counter[str](), Counter[str]()
    with small_network_settings():
        for seed in range(seeds):
            found.update({truth: int(seen) for truth, seen in truths(seed, trained(seed, planted=True))})
            for alarm, seen in alarms(seed, trained(seed, planted=False)):
                raised[alarm] += seen
                chances[alarm] += 1
    for truth, times in found.items():
        print(f"{times:4} of {seeds}  {truth}")
    for alarm, cases in chances.items():
        print(f"{100 * raised[alarm] / cases:5.1f} % of {cases}  {alarm}")
    sys.exit(int(any(times < 0.95 * seeds for times in found.values())))


if __name__ == "__main__":
    main()
