"""The benchmark with Optuna: a space of valid networks within valpnas' bounds, and four arms at equal seconds."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valpnas import catalog
from valpnas.contracts.space import Space
from valpnas.graph.tasks import Generation

FOLDER = Path(__file__).parents[2] / "benchmarks"
SPACE = Space(min_width=5, max_width=9, min_latent=2, max_latent=3)


class Trial:
    """Suggests by lot, as an Optuna trial does."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.names: list[str] = []

    def suggest_int(self, name: str, low: int, high: int, log: bool = False) -> int:  # noqa: ARG002
        self.names.append(name)
        return int(self.rng.integers(low, high + 1))

    def suggest_float(self, name: str, low: float, high: float, log: bool = False) -> float:  # noqa: ARG002
        self.names.append(name)
        return float(self.rng.uniform(low, high))

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str:
        self.names.append(name)
        return str(self.rng.choice(choices))


def test_networks_have_a_trunk_and_a_head_per_output_within_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    from multi_head import MultiHead

    problem = catalog.problem("digits")
    for seed in range(30):
        trial = Trial(seed)
        valp = MultiHead(problem, SPACE).valp(trial)
        assert len(set(trial.names)) == len(trial.names)
        assert len(valp.networks) == 1 + len(problem.outputs)
        for output in problem.outputs:
            (head,) = valp.sources(output.name)
            assert len(valp.sources(head)) == 1
            assert valp.specs[head].decodes == isinstance(output.task, Generation)
        for spec in valp.specs.values():
            body: Any = getattr(spec, "body", spec)
            assert SPACE.min_layers <= len(body.layers) <= SPACE.max_layers
            assert all(5 <= width <= 9 for width in [body.output, *(layer.width for layer in body.layers)])


@pytest.mark.slow
def test_four_arms_have_rows_and_the_peers_as_much_training(tmp_path: Path) -> None:
    if find_spec("optuna") is None:
        pytest.skip("Optuna is not installed (valpnas[benchmarks]): the peer is not tested")
    budget = ["--pairs", "1", "--population", "3", "--generations", "1", "--initial-batches", "6"]
    command = [sys.executable, str(FOLDER / "optuna_peer.py"), "digits", *budget, "--batches-per-step", "4"]
    made = subprocess.run([*command, "--csv", str(tmp_path / "rows.csv")], capture_output=True, text=True, check=True)
    rows = {row["arm"]: row for row in csv.DictReader((tmp_path / "rows.csv").read_text().splitlines())}
    assert list(rows) == ["nsga2", "hill-climbing", "optuna-nsga2", "optuna-tpe"]
    assert int(rows["nsga2"]["batches"]) == 3 * 10
    for arm in ("optuna-nsga2", "optuna-tpe"):
        assert float(rows[arm]["seconds"]) >= float(rows["nsga2"]["seconds"])
        assert int(rows[arm]["candidates"]) + int(rows[arm]["failed"]) >= 1
    assert "p = " in made.stdout
    before = (tmp_path / "rows.csv").read_bytes()
    again = subprocess.run([*command, "--csv", str(tmp_path / "rows.csv")], capture_output=True, text=True, check=True)
    assert again.stdout == made.stdout
    assert (tmp_path / "rows.csv").read_bytes() == before
    command[2] = "student"
    other = subprocess.run([*command, "--csv", str(tmp_path / "rows.csv")], capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert "expected rows of student" in other.stderr


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("student --initial-batches 60 --batches-per-step 20", False),
        ("student --initial-batches 60 --batches-per-step 20 --trial-batches 80", True),
        ("student --initial-batches 60 --batches-per-step 20 --population 4 --generations 21", True),
        ("digits --initial-batches 60 --batches-per-step 20", True),
    ],
)
def test_rows_are_gone_on_with_under_the_budget_that_they_had(words: str, refused: bool) -> None:
    """Refused or done already: nothing is trained either way."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import optuna_peer; "
    program += "optuna_peer.import_optuna = lambda: None; "
    rows = FOLDER / "results" / "peers-student.csv"
    command = [sys.executable, "-c", program + "optuna_peer.main(sys.argv[2:])", str(FOLDER)]
    made = subprocess.run([*command, *words.split(), "--csv", str(rows)], capture_output=True, text=True, check=False)
    assert (made.returncode, "name another file" in made.stderr) == (int(refused), refused), made.stderr
