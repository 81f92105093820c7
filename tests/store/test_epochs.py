"""Jobs trained by epochs, under all that a protocol can say, in runs that are killed, resumed and older than that."""

from __future__ import annotations

import json
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from valpnas.config import RunConfig
from valpnas.contracts.augmentation import Augmentation
from valpnas.errors import ConfigError
from valpnas.run_files import read_run_file
from valpnas.testing.runs import contents, events

from .disk_images import images_of
from .small_runs import go_on, make, make_or_go_on

PROXY: dict[str, Any] = {
    "algorithm": "adamw",
    "weight_decay": 0.1,
    "schedule": "cosine-restarts",
    "label_smoothing": 0.1,
    "drop_path": 0.2,
    "select": "best-epoch",
    "warm_up": True,
    "initial_batches": 8,
}


def test_a_kill_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "run"
    again = partial(make_or_go_on, **PROXY)
    images = images_of(partial(again, path), path, tmp_path)
    whole = contents(path)
    for image in images[::9]:
        again(image)
        assert contents(image) == whole, image


def test_the_journal_holds_every_epoch_and_the_best_one_counts(tmp_path: Path) -> None:
    run = make(tmp_path / "run", **PROXY)
    trained = {event["candidate"]: event for event in events(run.path) if event["event"] == "trained"}
    assert len(trained[0]["curve"]) == 4  # of two batches each
    assert all(event["objectives"] in event["curve"] for event in trained.values())
    assert run.curve(0) == trained[0]["curve"]
    kept = {candidate: event["curve"][event["kept"] // 2 - 1] for candidate, event in trained.items()}
    assert kept == {candidate: event["objectives"] for candidate, event in trained.items()}
    proposed = next(event for event in events(run.path) if event["event"] == "proposed")
    assert proposed["protocol"]["select"] == "best-epoch"


def test_where_the_last_state_counts_the_journal_is_as_it_was(tmp_path: Path) -> None:
    run = make(tmp_path / "run", select="last")
    assert not any("curve" in event for event in events(run.path))
    assert run.curve(0) == []


def test_a_run_of_before_goes_on(tmp_path: Path) -> None:
    """Its run file, journal and graphs know of no protocol but batches, schedule and time limit."""
    path = tmp_path / "run"
    make(path, steps=2, select="last")
    data = tomllib.loads((path / "run.toml").read_text())
    for key in [*PROXY, "first_cycle", "cycle_growth", "augmentation", "network"]:
        if key not in ("algorithm", "schedule", "initial_batches"):
            data.pop(key)
    (path / "run.toml").write_text(tomli_w.dumps(data))
    lines = [json.loads(line) for line in (path / "journal.jsonl").read_text().splitlines()]
    for event in lines:
        if protocol := event.get("protocol"):
            protocol["schedule"] = {key: protocol["schedule"][key] for key in ("name", "final")}
            event["protocol"] = {k: protocol[k] for k in ("batches", "schedule", "span", "time_limit")}
    (path / "journal.jsonl").write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))
    for graph in (path / "graphs").iterdir():
        known = json.loads(graph.read_text())
        known["training"] = [{k: v for k, v in how.items() if k != "weight_decay"} for how in known["training"]]
        graph.write_text(json.dumps(known))
    assert go_on(path, steps=4).summary()["steps"] == 4
    make(tmp_path / "whole", steps=2, select="last")
    go_on(tmp_path / "whole", steps=4)
    assert [e["objectives"] for e in events(path) if e["event"] == "trained"] == [
        e["objectives"] for e in events(tmp_path / "whole") if e["event"] == "trained"
    ]


def test_the_tables_of_the_run_file_come_back(tmp_path: Path) -> None:
    config = RunConfig("digits-class", augmentation=Augmentation(0.125, True, 0.2), **PROXY)
    (tmp_path / "run.toml").write_text(config.to_toml({}))
    assert read_run_file(tmp_path / "run.toml") == config


def test_augmentation_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="augmentation: expected one input of images, got none"):
        make(tmp_path / "run", augmentation={"flip": True})
    assert not (tmp_path / "run").exists()
