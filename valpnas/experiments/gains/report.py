"""The report of the initial experiment: sentences, tables and figures, on the terminal, as a page and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from valpnas.catalog import read_spec
from valpnas.contracts.finding import Finding
from valpnas.experiments.gains.figures import figure_5, figure_6, figure_7
from valpnas.experiments.gains.gain import Gain, gains
from valpnas.experiments.gains.ranks import dunn, kruskal_wallis
from valpnas.experiments.gains.study import Study
from valpnas.experiments.gains.summary import Effect, effects
from valpnas.experiments.gains.tables import effect_table, pair_table
from valpnas.experiments.page import page
from valpnas.experiments.tables import Table
from valpnas.graph.valp import Valp
from valpnas.graph.valp_json import valp_from_json
from valpnas.store.files import explained, write_json, write_text

_SURE = 0.05


@dataclass(frozen=True)
class Findings:
    """What a study says."""

    study: Study

    @cached_property
    def gains(self) -> list[Gain]:
        """Gains in log loss, at every horizon."""
        return gains(self.study.rows)

    @cached_property
    def effects(self) -> list[Effect]:
        """Gains by operator and horizon."""
        return effects(self.gains)

    @property
    def horizon(self) -> int:
        """The longest one."""
        return max((gain.batches for gain in self.gains), default=0)

    @property
    def last(self) -> list[Gain]:
        """Gains at the longest horizon."""
        return [gain for gain in self.gains if gain.batches == self.horizon]

    @property
    def tables(self) -> list[Table]:
        """Return the operators' effects, and which two differ at the longest horizon."""
        return [effect_table(self.effects), pair_table(dunn(self._groups()), self.horizon)]

    @property
    def sentences(self) -> list[str]:
        """What a reader must know."""
        statistic, p = kruskal_wallis(self._groups())
        pairs = dunn(self._groups())
        differing = sum(p < _SURE for _, p in pairs.values())
        return [
            f"Kruskal-Wallis after {self.horizon:,} batches: H = {statistic:.1f}, p = {p:.3g}; Dunn: {differing} of "
            f"{len(pairs)} pairs of operators differ (p < {_SURE}, Holm). Places of one model are no independent "
            "sample, which both tests assume, as in the paper: read them with the standard errors over models.",
            "A gain is the log loss of the unchanged model minus that of the changed one, both after the same batches; "
            "the mean over outputs, retrainings and places of a model, then over models.",
        ]

    def figures(self) -> list[tuple[str, bytes]]:
        """Return the paper's Figures 5 to 7, each behind its caption."""
        models = [_read(model) for model in self.study.models]
        horizon = f"after {self.horizon:,} batches"
        return [
            (f"Gentle operators against their aggressive twins at the same places, {horizon} (Figure 5).",
             figure_5(self.last)),
            (f"Gains {horizon} over the slope of the output's loss before the change (Figure 6).",
             figure_6(self.last, models)),
            (f"Gains {horizon} over how much the output relied on the networks changed (Figure 7).",
             figure_7(self.last, models)),
        ]  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return notes, effects and tests as plain data."""
        pairs = [{"first": a, "second": b, "z": z, "p": p} for (a, b), (z, p) in dunn(self._groups()).items()]
        return {"notes": self.study.notes, "effects": [asdict(e) for e in self.effects], "dunn": pairs}

    def _groups(self) -> dict[str, list[float]]:
        groups: dict[str, list[float]] = {}
        for gain in self.last:
            groups.setdefault(gain.variant, []).append(gain.mean)
        return dict(sorted(groups.items()))


def write_findings(found: Findings, out: Path, title: str, command: str) -> Path:
    """Write page, figures and data into ``out``; return the page's path."""
    drawn = found.figures()
    for number, (_, png) in enumerate(drawn, 5):
        with explained(out, "write"):
            (out / f"figure-{number}.png").write_bytes(png)
    write_json(out / "findings.json", found.to_json())
    made = out / "operators.html"
    write_text(made, page(title, [], found.sentences, found.tables, drawn, command))
    return made


def _read(model: dict[str, Any]) -> tuple[Valp, Sequence[Finding]]:
    return valp_from_json(model["valp"], read_spec), [Finding.from_json(f) for f in model["findings"]]
