"""Stand-alone cell networks trained by the published protocol: what it is made of, and the run it leaves."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from valpnas import catalog
from valpnas.cell_training import CellStack, CellTraining, proxy_config, train_cell
from valpnas.cells.macro import Macro
from valpnas.cells.plan import plan_network
from valpnas.cells.text import read_cell
from valpnas.cli import app
from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.problem import Part, Parts, Problem
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, InvalidValpError
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Input, Output, OutputTraining, Valp
from valpnas.networks.module import count_parameters
from valpnas.run import design, load
from valpnas.search.starts import SingleStart

CELL = "[(-2, '3x3 conv', -1, '2x2 maxpool')]"
ANCHOR = "[(-2, 'gru', -1, '2 avgpool')]"  # found by the paper on ECG5000
SMALL = CellStack(CELL, filters=4, motifs=2, normal_cells=1)


def images(rows: int = 200, kind: str = "image") -> Problem:
    """Bright on the left or on the right."""
    rng = np.random.default_rng(0)
    pixels, label = rng.random((rows, 1, 8, 8)).astype(np.float32), np.arange(rows) % 2
    pixels[label == 1, :, :, 4:] *= 0.5
    vertices, outputs = [Input("pixels", (1, 8, 8), kind)], [Output("side", Classification(2))]
    parts = Parts.split(Part({"pixels": pixels}, {"side": label}), 0)
    return Problem.from_parts("sides", "made up", vertices, outputs, parts)


def asked(**more: Any) -> CellTraining:
    return CellTraining(**{"problem": "digits-class", "stack": SMALL, "epochs": 21, **more})


def test_images_are_trained_as_published() -> None:
    config = proxy_config(asked(), catalog.problem("digits-class"), 1078)
    assert (config.learning_rate, config.algorithm, config.weight_decay) == (0.01, "adamw", 0.05)
    assert (config.schedule, config.first_cycle, config.cycle_growth) == ("cosine-restarts", 1 / 7, 2.0)
    assert (config.batch_size, config.initial_batches, config.steps) == (128, 21 * 8, 0)
    assert config.augmentation == Augmentation(shift=0.125)
    assert (config.drop_path, config.select, config.warm_up) == (0.0, "best-epoch", True)


@pytest.mark.parametrize(("rows", "size"), [(415, 32), (640, 64), (850, 80), (1280, 128), (9000, 128), (26, 26)])
def test_series_have_ten_batches_to_an_epoch_where_there_are_rows_for_them(rows: int, size: int) -> None:
    made = proxy_config(asked(), images(kind="series"), rows)
    assert (made.batch_size, made.initial_batches) == (size, 21 * (rows // size))
    assert (made.weight_decay, made.drop_path, made.augmentation) == (0.1, 0.2, Augmentation())
    assert proxy_config(asked(batch_size=16), images(kind="series"), 415).batch_size == 16


@pytest.mark.parametrize("name", ["digits", "energy", "student"])
def test_other_problems_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"one image or series and one class, got {name}"):
        proxy_config(asked(), catalog.problem(name), 100)


def test_the_nearest_problem_that_can_be_trained_is_offered() -> None:
    with pytest.raises(ConfigError, match=r"class, got digits; did you mean digits-class\?"):
        train_cell(asked(problem="digits"), lambda _: None)
    with pytest.raises(ConfigError, match=r"class, got energy; known: .*cifar10, .*digits-class, .*ucr:NAME"):
        train_cell(asked(problem="energy"), lambda _: None)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch_size": -1}])
def test_what_cannot_be_trained_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="expected at least 1, "):
        asked(**wrong)


def drawn(problem: Problem, stack: CellStack) -> Valp:
    start = SingleStart(network=stack.network(problem))
    return start.valp(problem, Space(), OutputTraining(), 32, np.random.default_rng(0))


def test_the_start_is_the_published_network() -> None:
    """Nothing before the cells and one dense layer behind their means: as many parameters as `cell show` counts."""
    series = replace(images(), inputs=(Input("series", (1, 140), "series"),), outputs=(Output("c", Classification(5)),))
    assert count_parameters(drawn(series, CellStack(ANCHOR))) == 193_301
    assert plan_network(read_cell(ANCHOR), Macro(), (1, 140), 5).trainable == 193_301


def test_what_can_be_shown_without_a_residual_can_be_trained_without() -> None:
    assert CellStack(CELL).network(images())["macro"]["residual"]
    assert not CellStack(CELL, residual=False).network(images())["macro"]["residual"]
    bare = "[(-2, '3x3 conv', -2, '3x3 conv')]"
    shown = plan_network(read_cell(bare), Macro(residual=False), (1, 8, 8), 2).trainable
    assert count_parameters(drawn(images(), CellStack(bare, residual=False))) == shown


def test_a_start_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected a problem of one series or image, got person"):
        drawn(catalog.problem("student"), SMALL)
    for text in ("[(-2, 'gru', -1, 'gru')]", "[(-1, '3x3 conf', -1, 'identity')]", "(-1"):
        with pytest.raises(InvalidValpError):
            drawn(images(), replace(SMALL, text=text))


def test_the_run_is_one_that_the_other_commands_open(tmp_path: Path) -> None:
    runner, out = CliRunner(), tmp_path / "run"
    words = ["cell", "train", CELL, "--problem", "digits-class", "--filters", "4", "--motifs", "2"]
    words += ["--normal-cells", "1", "--no-residual", "--epochs", "3", "--device", "cpu", "--out", str(out)]
    ran = runner.invoke(app, [*words, "--json"], catch_exceptions=False)
    made = json.loads(ran.stdout)
    assert (made["problem"], made["cell"], made["batch_size"]) == ("digits-class", CELL, 128)
    assert len(made["accuracy_by_epoch"]) == 3
    assert made["residual"] is False
    assert made["validation_accuracy"] == max(made["accuracy_by_epoch"])
    assert made["accuracy_by_epoch"][made["best_epoch"] - 1] == made["validation_accuracy"]
    assert 0 <= made["test_accuracy"] <= 1
    assert made["training_seconds"] > 0
    assert made["device"] == "cpu (one thread)"
    run = load(out)
    assert [member.candidate for member in run.front] == [0]
    assert run.front[0].test["digit"] == pytest.approx(1 - made["test_accuracy"])
    assert (out / "report.html").is_file()
    for command in (["report", str(out)], ["resume", str(out)]):
        assert runner.invoke(app, command, catch_exceptions=False).exit_code == 0
    for command in ("show", "diagnose"):
        told = runner.invoke(app, [command, str(out)], catch_exceptions=False)
        assert f": {CELL}, 2 motifs of 1, 4 filters, no residual\n" in told.stdout
    again = [word if word != str(out) else str(tmp_path / "again") for word in words]
    text = runner.invoke(app, [*again, "--quiet"], catch_exceptions=False).stdout
    assert f"{made['parameters']:,} parameters" in text
    assert f"{made['accuracy_by_epoch'][0]:.4f}" in text
    assert text.count("best") == 1
    assert "report:" not in text
    words[words.index(str(out))] = str(tmp_path / "third")
    ran = runner.invoke(app, [*words, "--no-report"], catch_exceptions=False)
    assert "report:" not in ran.stdout
    assert not (tmp_path / "third" / "report.html").exists()


def test_a_search_can_start_from_a_cell_and_drop_its_paths(tmp_path: Path) -> None:
    """Two equal runs drop the same paths; without dropping, other weights come out."""
    settings: dict[str, Any] = {
        "start": "single", "network": CellStack(CELL, 4, 1, 2).network(images()), "steps": 1,
        "chooser": "train-only", "initial_batches": 6, "batches_per_step": 3, "batch_size": 30, "device": "cpu",
        "report": False,
    }  # fmt: skip
    weights = []
    for name, share in (("one", 0.5), ("two", 0.5), ("none", 0.0)):
        run = design(images(), out=str(tmp_path / name), drop_path=share, **settings)
        weights.append(b"".join(w.numpy().tobytes() for w in run.model(run.front[-1].candidate).weights.values()))
    assert weights[0] == weights[1] != weights[2]


@pytest.mark.data
@pytest.mark.slow
def test_the_published_cell_learns_ecg5000(tmp_path: Path) -> None:
    """21 epochs of proxy training gave 0.875 to 0.915, with two seeds and two engines (docs/results.md)."""
    if not (Path(os.environ.get("VALPNAS_DATA", "")) / "ucr").is_dir():
        pytest.skip("VALPNAS_DATA names no folder with ucr/: real data sets are not tested")
    words = ["cell", "train", ANCHOR, "--problem", "ucr:ECG5000"]
    ran = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "run"), "--json"], catch_exceptions=False)
    assert json.loads(ran.stdout)["test_accuracy"] >= 0.85
