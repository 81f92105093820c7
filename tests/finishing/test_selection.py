"""A selection and a final training, from end to end: what is trained, what is not trained again, what is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from valpnas.cell_training import CellStack, network_line
from valpnas.cli import app, main
from valpnas.config import RunConfig
from valpnas.contracts.augmentation import Augmentation
from valpnas.errors import ConfigError, StoreError, TrainingFailedError
from valpnas.finishing import selection
from valpnas.finishing.final import final_outcome, train_final
from valpnas.finishing.found import top_cells
from valpnas.finishing.long_training import LongTraining, long_config
from valpnas.finishing.selection import Selection, read_selection, select
from valpnas.networks.cell_spec import CellSpec
from valpnas.opened_run import Run

from .small import CELL, QUICK, images, searched


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return searched(tmp_path_factory.mktemp("searched") / "run", steps=3)


def test_the_protocol_is_the_published_one(tmp_path: Path) -> None:
    """All that the search did stays: rate, decay, algorithm, seed, shifts."""
    base = RunConfig(
        "p", learning_rate=0.02, algorithm="adamw", weight_decay=0.05, batch_size=64, seed=7,
        schedule="cosine-restarts", augmentation=Augmentation(0.125, flip=True), precision="bfloat16", warm_up=True,
    )  # fmt: skip
    spec = CellSpec.from_json({**_SPEC, "macro": {"exits": "two"}, "answers": "side", "classes": 2})
    config = long_config(base, spec, "image", 1000, 200, LongTraining(), tmp_path)
    assert (config.schedule, config.drop_path, config.label_smoothing) == ("cosine", 0.4, 0.1)
    assert config.augmentation == Augmentation(0.125, flip=True, cutout=0.25)
    assert (config.learning_rate, config.weight_decay, config.algorithm, config.seed) == (0.02, 0.05, "adamw", 7)
    assert (config.batch_size, config.initial_batches, config.steps) == (64, 200 * 15, 0)
    assert (config.select, config.warm_up, config.precision) == ("best-epoch", False, "bfloat16")
    larger = long_config(
        base, spec, "image", 1000, 2, LongTraining(batch_size=128, drop_path=0.1, cutout=0.0), tmp_path
    )
    assert (larger.learning_rate, larger.initial_batches, larger.drop_path) == (0.04, 2 * 7, 0.1)
    assert not larger.augmentation.cutout
    series = long_config(
        replace(base, augmentation=Augmentation()), spec, "series", 1000, 100, LongTraining(), tmp_path
    )
    assert (series.drop_path, series.augmentation) == (0.6, Augmentation())


_SPEC: dict[str, Any] = {"cell": "[(-1, '3x3 conv', -1, 'identity')]", "channels": 1, "extent": [8, 8], "entry": False}


def test_a_selection_is_trained_ranked_and_gone_on_with(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "selection"
    (first,) = select(run, Selection(1, None, QUICK, str(out)), quiet)["ranking"]
    begun = (out / first["run"] / "journal.jsonl").read_bytes()
    largest = 2 * first["parameters"]
    said: list[str] = []
    with monkeypatch.context() as stopped:
        stopped.setattr(selection, "_row", _second_fails(selection._row))
        with pytest.raises(KeyboardInterrupt):
            select(run, Selection(2, (0, largest), QUICK, str(out)), said.append)
    assert read_selection(out)["waiting"]
    with pytest.raises(ConfigError, match=r"expected a selection that has ended, got one with [0-9]+ to train; call"):
        train_final(out, QUICK, quiet)
    made = select(run, Selection(2, (0, largest), QUICK, str(out)), quiet)
    assert (out / first["run"] / "journal.jsonl").read_bytes() == begun
    ranking = made["ranking"]
    assert len(ranking) > 2
    assert [row["rank"] for row in ranking] == list(range(1, len(ranking) + 1))
    accuracies = [row["validation_accuracy"] for row in ranking]
    assert accuracies == sorted(accuracies, reverse=True)
    assert {row["cell"] for row in ranking} == {each.text for each in top_cells(run, 2)}
    assert sum(row["original"] for row in ranking) == 2
    assert all(row["parameters"] < largest for row in ranking if not row["original"])
    for row in ranking:
        member = Run(out / row["run"]).front[0]
        assert member.parameters == row["parameters"]
        assert 1 - member.validation["side"] == row["validation_accuracy"]
        assert any(".exits." in name for name in Run(out / row["run"]).model(member.candidate).weights)
    with (out / "selection.csv").open() as file:
        assert [row["run"] for row in csv.DictReader(file)] == [row["run"] for row in ranking]
    with pytest.raises(ConfigError, match="got another number of epochs; give the settings it had, or another --out"):
        select(run, Selection(2, (0, largest), replace(QUICK, epochs=3), str(out)), quiet)


def _second_fails(real: Any) -> Any:
    calls: list[int] = []

    def row(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    return row


def test_what_cannot_be_trained_is_last_in_the_ranking(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = selection.trained, list[int]()

    def fails_first(*arguments: Any) -> Run:
        calls.append(1)
        if len(calls) == 1:
            raise TrainingFailedError("out of memory")
        return real(*arguments)

    monkeypatch.setattr(selection, "trained", fails_first)
    made = select(run, Selection(2, None, QUICK, str(tmp_path / "s")), quiet)
    assert [row["failure"] for row in made["ranking"]] == ["", "out of memory"]
    assert made["ranking"][1]["validation_accuracy"] is None


def test_the_final_training_has_the_validation_rows_too(run: Run, tmp_path: Path) -> None:
    """And the last weights, scored once on test rows; the run is one that the other commands open."""
    select(run, Selection(1, None, replace(QUICK, drop_path=0.3), str(tmp_path / "s")), quiet)
    final = train_final(tmp_path / "s", replace(QUICK, epochs=3, batch_size=0), quiet)
    assert final.path == tmp_path / "s-final"
    pixels, before = ({part: rows.inputs["pixels"] for part, rows in r.prepared.parts.items()} for r in (final, run))
    assert torch.equal(pixels["train"], torch.cat([before["train"], before["validation"]]))
    assert torch.equal(pixels["test"], before["test"])
    assert torch.equal(pixels["validation"], before["diagnostic"])
    assert (final.config.select, final.config.drop_path, final.config.batch_size) == ("last", 0.3, 40)
    made = final_outcome(final)
    assert (made["epochs"], made["rows"], made["second_exit"]) == (3, len(final.prepared.train), True)
    assert made["test_accuracy"] == 1 - final.front[0].test["side"]
    assert any(note.startswith("Validation rows were trained on") for note in made["notes"])
    assert final.model(0).batches == 3 * (len(final.prepared.train) // 40)
    written = (final.path / "journal.jsonl").read_bytes()
    assert final_outcome(train_final(tmp_path / "s", replace(QUICK, epochs=3, batch_size=0), quiet)) == made
    assert (final.path / "journal.jsonl").read_bytes() == written
    for command in ("show", "report", "diagnose", "resume"):
        assert CliRunner().invoke(app, [command, str(final.path)], catch_exceptions=False).exit_code == 0
    with pytest.raises(ConfigError, match="expected a run that chose by validation rows, got a final training"):
        train_final(final.path, QUICK, quiet)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a problem with a name, whose rows are read anew; a run that nothing was selected from has a best cell too."""
    monkeypatch.setenv("COLUMNS", "200")
    runner, cell = CliRunner(), tmp_path / "cell"
    words = ["cell", "train", "[(-1, '3x3 conv', -1, 'identity')]", "--problem", "digits-class", "--filters", "4"]
    words += ["--motifs", "2", "--normal-cells", "1", "--epochs", "1", "--second-exit", "--no-report"]
    assert (
        runner.invoke(app, [*words, "-q", "--device", "cpu", "--out", str(cell)], catch_exceptions=False).exit_code == 0
    )
    short = ["--epochs", "1", "--no-second-exit", "-q"]
    chosen = runner.invoke(app, ["cell", "select", str(cell), *short], catch_exceptions=False)
    assert "selection: " in chosen.stdout
    assert "validation" in chosen.stdout
    again = runner.invoke(app, ["cell", "select", str(cell), *short, "--json"], catch_exceptions=False)
    (row,) = json.loads(again.stdout)["ranking"]
    assert row["run"].startswith("m2-n1-f4-")
    ran = runner.invoke(app, ["cell", "final", str(cell), *short, "--no-report", "--json"], catch_exceptions=False)
    final = json.loads(ran.stdout)
    assert (final["rows"], final["second_exit"], final["epochs"]) == (_digits(cell), False, 1)
    assert 0 <= final["test_accuracy"] <= 1
    text = runner.invoke(app, ["cell", "final", str(cell), *short, "--no-report"], catch_exceptions=False).stdout
    assert f"test accuracy {final['test_accuracy']:.4f}" in text
    for wrong, message in (
        (["select", str(cell), "--parameters", "5", "4"], "expected a least and a larger most, got 5 and 4"),
        (["select", str(cell), "--parameters", "1", "9"], "expected room for an alternative of "),
        (["select", str(cell), "--epochs", "0"], "epochs: expected at least 1, got 0"),
        (["select", str(cell), "--top", "0"], "top: expected at least 1, got 0"),
        (["select", str(cell), "--out", str(cell)], "expected a new folder or a selection, got something else"),
        (["select", str(tmp_path)], "expected a run directory with a run.toml, got none"),
        (["final", str(tmp_path / "none")], "expected a run directory with a run.toml, got none"),
        (
            ["final", str(cell), "--drop-path", "1", "--out", str(tmp_path / "f")],
            "drop_path: expected a share in [0, 1), got 1.0",
        ),
    ):
        monkeypatch.setattr("sys.argv", ["valpnas", "cell", *wrong])
        with pytest.raises(SystemExit):
            main()
        told = capsys.readouterr().err.strip()
        assert message in told
        assert len(told.splitlines()) == 1


def test_a_final_training_says_what_a_selection_would_do(tmp_path: Path) -> None:
    """Of one cell there is no second exit; a selection that is there is not used by itself."""
    said: list[str] = []
    alone = searched(tmp_path / "alone", CellStack(CELL, filters=4, motifs=1, normal_cells=1), steps=0)
    made = final_outcome(train_final(alone.path, QUICK, said.append))
    assert f"`valpnas cell select {alone.path}` first trains" in said[0]
    assert not made["second_exit"]
    assert network_line(made).endswith("1 motif of 1, 4 filters, seed 0")
    select(alone, Selection(1, None, QUICK), said.append)
    again = train_final(alone.path, QUICK, said.append)
    assert again.path == tmp_path / "alone-final"
    assert f"`valpnas cell final {tmp_path / 'alone-selection'}` trains the first" in said[-1]


@pytest.mark.parametrize(
    ("other", "told"),
    [({"epochs": 3}, "number of epochs"), ({"batch_size": 20}, "batch_size"), ({"cutout": 0.5}, "cutout")],
)
def test_other_settings_are_refused_by_the_names_they_were_asked_by(
    run: Run, tmp_path: Path, other: dict[str, Any], told: str
) -> None:
    train_final(run.path, QUICK, quiet, str(tmp_path / "f"))
    with pytest.raises(ConfigError, match=f"got another {told}; give"):
        train_final(run.path, replace(QUICK, **other), quiet, str(tmp_path / "f"))


def _digits(cell: Path) -> int:
    parts = Run(cell).prepared.parts
    return len(parts["train"]) + len(parts["validation"])


def test_a_selection_is_gone_on_with_elsewhere(tmp_path: Path) -> None:
    """Moved with its run, as to another machine, it is still that of the run, and trains nothing again."""
    here = searched(tmp_path / "here" / "run", steps=0)
    select(here, Selection(1, None, QUICK, str(tmp_path / "here" / "s")), quiet)
    (tmp_path / "here").rename(tmp_path / "there")
    there, out = Run(tmp_path / "there" / "run"), tmp_path / "there" / "s"
    written = (out / "selection.json").read_text().replace("/here/", "/there/")
    select(there, Selection(1, None, QUICK, str(out)), quiet)
    assert (out / "selection.json").read_text() == written


def test_a_folder_belongs_to_one_run_and_to_its_data(run: Run, tmp_path: Path) -> None:
    out, other = str(tmp_path / "s"), searched(tmp_path / "other", steps=0)
    select(run, Selection(1, None, QUICK, out), quiet)
    with pytest.raises(StoreError, match=r"expected a selection from .*other, got one from"):
        select(other, Selection(1, None, QUICK, out), quiet)
    assert run.identity != other.identity
    other.problem = replace(images(100), in_memory=True)
    with pytest.raises(StoreError, match="expected the data this run was made on"):
        select(other, Selection(1, None, QUICK, str(tmp_path / "t")), quiet)
