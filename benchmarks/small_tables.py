"""Small tables: what a run with the defaults reaches where rows are few, beside linear models and forests.

``python benchmarks/small_tables.py`` prints, for tables that come with scikit-learn, the mean objective on test rows
over seeds of the split and of the run: of the best model of the front (the least mean log validation objective), for
each way to choose the state of a candidate that counts (``select``), and of one scikit-learn model per output on the
same training rows. None of these tables is among those on which searches are compared.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from statistics import fmean, stdev
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import valpnas
from valpnas.contracts.problem import Parts, Problem, Reader
from valpnas.graph.tasks import Classification
from valpnas.report.models import best_first
from valpnas.store.problems import read_problem

Floats = np.ndarray[Any, np.dtype[np.float32]]
Made = Mapping[str, float]  # objective by output


def diabetes() -> tuple[Floats, dict[str, Any]]:
    """442 people: the body mass index and the progress of a disease, and whether that is fast, from the rest."""
    data = load_diabetes()
    rest = np.delete(data.data, 2, axis=1)
    return rest, {"progress": data.target, "mass": data.data[:, 2], "fast": (data.target > 140).astype(int)}


def wine() -> tuple[Floats, dict[str, Any]]:
    """178 wines: the cultivar and the alcohol from the other measurements."""
    data = load_wine()
    return data.data[:, 1:], {"cultivar": data.target, "alcohol": data.data[:, 0]}


def cancer() -> tuple[Floats, dict[str, Any]]:
    """569 tumours: malignant or not, and the worst concavity, from the mean measurements."""
    data = load_breast_cancer()
    return data.data[:, :10], {"malignant": data.target, "concavity": data.data[:, 26]}


SETS: Mapping[str, Callable[[], tuple[Floats, dict[str, Any]]]] = {"diabetes": diabetes, "wine": wine, "cancer": cancer}


def problem(name: str, seed: int) -> Problem:
    """Return a table as a problem, its rows shuffled by ``seed``, which is as good as another split."""
    rows, targets = SETS[name]()
    order = np.random.default_rng(seed).permutation(len(rows))
    kept = {k: v[order] if v.dtype.kind == "i" else v[order].astype("float32") for k, v in targets.items()}
    return Problem.from_arrays({"table": rows[order].astype("float32")}, kept, name=name)


def designed(made: Problem, seed: int, select: str, steps: int) -> Made:
    """Return the test objectives of the model that a run would be used for."""
    with tempfile.TemporaryDirectory() as folder:
        run = valpnas.design(
            made, seed=seed, select=select, steps=steps, out=f"{folder}/run", report=False, quiet=True, device="cpu"
        )
        front = {member.candidate: member for member in run.front}
        members = [{"candidate": n, "validation": dict(member.validation)} for n, member in front.items()]
        best = best_first(members, read_problem(run.path)["ideal"])[0]
        return dict(front[best["candidate"]].test)


def fitted(made: Problem, parts: Parts, forest: bool) -> Made:
    """Return the test objectives of one model per output."""
    train, test = parts.train, parts.test
    table, unseen = train.inputs["table"], test.inputs["table"]
    found = {}
    for output in made.outputs:
        target, wanted = train.targets[output.name].ravel(), test.targets[output.name].ravel()
        classes = isinstance(output.task, Classification)
        model = make_pipeline(StandardScaler(), _model(classes, forest)).fit(table, target)
        answer = model.predict(unseen)
        found[output.name] = float((answer != wanted).mean() if classes else _squared(answer, wanted, target))
    return found


def _model(classes: bool, forest: bool) -> Any:
    if forest:
        return (RandomForestClassifier if classes else RandomForestRegressor)(300, random_state=0)
    return LogisticRegression(max_iter=1000) if classes else RidgeCV(np.logspace(-3, 3, 13))


def _squared(answer: Any, wanted: Any, target: Any) -> float:
    return float(np.square((answer - wanted) / target.std()).mean())


def main() -> None:
    """Print a table per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--select", default="last,best-checkpoint")
    given = parser.parse_args()
    for name in SETS:
        found: dict[str, list[Made]] = {}
        for seed in range(given.seeds):
            made = problem(name, seed)
            parts = made.load(Reader())
            found.setdefault("linear", []).append(fitted(made, parts, forest=False))
            found.setdefault("forest", []).append(fitted(made, parts, forest=True))
            for select in given.select.split(","):
                found.setdefault(select, []).append(designed(made, seed, select, given.steps))
        _print(name, found)


def _print(name: str, found: Mapping[str, list[Made]]) -> None:
    outputs = sorted(found["linear"][0])
    print(f"\n| {name} | " + " | ".join(outputs) + " |\n" + "|---" * (1 + len(outputs)) + "|")
    for how, made in found.items():
        cells = [[each[output] for each in made] for output in outputs]
        told = (f"{fmean(c):.3f} ± {stdev(c) if len(c) > 1 else 0.0:.3f}" for c in cells)
        print(f"| {how} | " + " | ".join(told) + " |", flush=True)


if __name__ == "__main__":
    main()
