"""dependency: can an output's target be read better from a sub-network than from what feeds it?

A ridge regression in closed form, cross-validated over the held-out rows, reads each target from the leading principal
components of each component's value::

    unread(c) = mean squared error / variance of the target
    gain(n)   = min over sources s of n of unread(s), minus unread(n),    with a paired standard error over rows

Source: [VALP] IV-B.4 and IV-E.4, after Alain and Bengio (arXiv:1610.01644); probes alone are non-monotone along good
paths, for a network that serves another output looks bad for this one (trial, section 3). So "adds nothing" is said of
networks only that serve no other output, and only when mutual information (Kraskov's nearest-neighbour estimate, as in
scikit-learn, between the two leading components of either side) does not rise either: a linear probe does not see a
code that only a later network can read. Sources that an output may not hear (an input, for one that generates: it
would copy) are no rivals; where none is left the rival is the mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding
from valpnas.diagnostics._probe import Floats, numbers, projected, target_numbers, unread
from valpnas.graph.subgraphs import behind_decoders, exclusive_subgraph, served_outputs
from valpnas.graph.tasks import Classification, Generation

_PROBE = 1.0  # passes that a probe of one component takes about as long as
_INFORMATION = 6.0  # the same of one comparison of mutual information
_LEADING = 2  # components between which mutual information is estimated
_FEW_ROWS = 64  # fewer are not probed


@dataclass(frozen=True)
class Dependency(Diagnostic):
    """Says of each sub-network and output whether it ADDS_INFORMATION, or, of exclusive ones, ADDS_NOTHING.

    ``components``: principal components probed; ``gain``: share of the target's variance by which a probe must improve;
    ``errors``: and by how many standard errors; ``information``: nats by which mutual information must improve instead.

    Over its budget it compares mutual information for fewer networks, then probes fewer rows.
    """

    components: int = 48
    gain: float = 0.01
    errors: float = 2.0
    information: float = 0.1
    name: ClassVar[str] = "dependency"
    emits: ClassVar[Mapping[str, str]] = {"ADDS_INFORMATION": "protect", "ADDS_NOTHING": "none"}

    def cost(self, view: ModelView) -> float:
        """Return the passes that probes and comparisons of mutual information take about as long as."""
        rows, compared = self._plan(view)
        return _PROBE * self._probes(view) * rows / _rows(view) + _INFORMATION * compared

    def _plan(self, view: ModelView) -> tuple[int, int]:
        """Return the rows probed and how often mutual information may be compared, within the budget."""
        probes = _PROBE * self._probes(view)
        rows = min(_rows(view), int(_rows(view) * self.budget / probes))
        left = self.budget - probes * rows / _rows(view)
        wanted = sum(len(_exclusive(view, output)) for output in view.valp.tasks)
        return (rows, min(wanted, int(left / _INFORMATION))) if rows >= _FEW_ROWS else (0, 0)

    def _probes(self, view: ModelView) -> int:
        return len(view.valp.inputs) + len(view.valp.networks)

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:
        """Return the findings network by network; cost: see ``cost``."""
        rows, compared = self._plan(view)
        if rows == 0:
            return []
        look = _Look(view, rows, self.components, rng)
        findings: list[Finding] = []
        for network in view.valp.networks:
            for output in served_outputs(view.valp, network.id):
                exclusive = network.id in _exclusive(view, output)
                finding, asked = self._judge(look, network.id, output, exclusive, compared)
                compared -= asked
                findings += [finding] if finding else []
        return findings

    def _judge(
        self, look: _Look, network: str, output: str, exclusive: bool, compared: int
    ) -> tuple[Finding | None, bool]:
        """Return what is said of a network and an output, and whether mutual information was compared for it."""
        source = look.best_source(network, output)
        better = look.unread_of(source, output) - look.unread[network][output]
        gain, error = float(better.mean()), float(better.std() / np.sqrt(len(better)))
        evidence = {"unread": float(look.unread[network][output].mean()), "gain": gain, "standard error": error}
        if gain >= self.gain and gain > self.errors * error:
            return Finding("ADDS_INFORMATION", network, output, min(1.0, gain), evidence, "protect"), False
        if not exclusive or compared < 1:
            return None, False
        nats = look.information(network, output)
        evidence |= {"nats": nats, "nats gained": nats - (look.information(source, output) if source else 0.0)}
        if evidence["nats gained"] >= self.information:
            strength = min(1.0, evidence["nats gained"])
            return Finding("ADDS_INFORMATION", network, output, strength, evidence, "protect"), True
        return Finding("ADDS_NOTHING", network, output, _sureness(gain, error), evidence), True


class _Look:
    """What one examination reads: each component's principal components and what they leave unread."""

    def __init__(self, view: ModelView, rows: int, components: int, rng: np.random.Generator) -> None:
        self.view = view
        self.kept = np.arange(rows) * _rows(view) // rows
        names = [vertex.name for vertex in view.valp.inputs] + list(view.valp.specs)
        self.features = {n: projected(numbers(view.value(n)[self.kept]), components, rng) for n in names}
        tasks = view.valp.tasks.items()
        # A target of many numbers, such as an image, in its leading components too.
        self.targets = {
            n: projected(target_numbers(task, view.targets[n][self.kept]), components, rng) for n, task in tasks
        }
        reached = {n: {o: self.targets[o] for o in served_outputs(view.valp, n)} for n in names}
        self.unread = {n: unread(self.features[n], reached[n]) for n in names if reached[n]}
        self.seed = int(rng.integers(2**31))
        self._known: dict[tuple[str, str], float] = {}

    def best_source(self, network: str, output: str) -> str | None:
        """Return the source of ``network`` that ``output`` could be read from best, if it may hear any of them.

        A generation output must not hear an input but through a decoder, so an input that it could copy is no rival.
        """
        valp = self.view.valp
        sources = valp.sources(network)
        if isinstance(valp.tasks[output], Generation):
            sources = tuple(source for source in sources if behind_decoders(valp, source))
        return min(sources, key=lambda name: float(self.unread[name][output].mean()), default=None)

    def unread_of(self, source: str | None, output: str) -> Floats:
        """Return what each row leaves unread of ``output``; without a source nothing is read but the mean."""
        if source is not None:
            return self.unread[source][output]
        errors: Floats = np.square(self.targets[output]).sum(axis=1)  # targets are centred
        errors /= errors.mean()
        return errors

    def information(self, component: str, output: str) -> float:
        """Return the mutual information between the leading components of a value and of a target, summed, in nats."""
        if (component, output) not in self._known:
            self._known[component, output] = self._estimated(component, output)
        return self._known[component, output]

    def _estimated(self, component: str, output: str) -> float:
        # Takes a second to import, and `guided` loads every diagnostic only to see what it emits.
        from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

        features = self.features[component][:, :_LEADING]
        if features.shape[1] == 0:  # says the same of every row
            return 0.0
        if isinstance(self.view.valp.tasks[output], Classification):
            labels = self.view.targets[output][self.kept].cpu().numpy()
            return float(mutual_info_classif(features, labels, random_state=self.seed).sum())
        columns: Floats = self.targets[output][:, :_LEADING]
        return float(sum(mutual_info_regression(features, y, random_state=self.seed).sum() for y in columns.T))


def _rows(view: ModelView) -> int:
    return len(next(iter(view.inputs.values())))


def _exclusive(view: ModelView, output: str) -> frozenset[str]:
    return exclusive_subgraph(view.valp, output)


def _sureness(gain: float, error: float) -> float:
    """Return 1 when the gain is at most zero, less the more standard errors it lies above."""
    return 1.0 if gain <= 0 else float(1 / (1 + gain / max(error, 1e-12)))
