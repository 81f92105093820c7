"""What loss balancing has learned in a run that is killed and resumed, and a search under each scheme."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

import valpnas
from valpnas.opened_run import Run
from valpnas.resuming import resume
from valpnas.testing.runs import contents, events

from .disk_images import images_of
from .small_runs import go_on, make, make_or_go_on

SCHEMES: dict[str, dict[str, Any]] = {
    "sum": {},
    "fixed": {"loss_weights": {"side": 3.0}},
    "uncertainty": {},
    "gradnorm": {},
}
SHARED = {"seed": 7}  # its random start has a network that both outputs hear
OPERATORS_THAT_SPLIT = {"change_lr", "change_sgd", "rest_output", "take_back"}


@pytest.mark.parametrize("scheme", ["fixed", "uncertainty", "gradnorm"])
def test_a_kill_leaves_no_trace(tmp_path: Path, scheme: str) -> None:
    """The scheme and its weights are in run.toml, what it has learned in the weight files."""
    path = tmp_path / "run"
    again = partial(make_or_go_on, balancing=scheme, **SCHEMES[scheme], **SHARED)
    images = images_of(partial(again, path), path, tmp_path)
    whole = contents(path)
    assert whole["run.toml"]["balancing"] == scheme
    for image in images[::9]:
        again(image)
        assert contents(image) == whole, image


@pytest.mark.parametrize("scheme", ["uncertainty", "gradnorm"])
def test_the_learned_state_is_kept_and_counts_on(tmp_path: Path, scheme: str) -> None:
    """Through every change and every job since the start, rejected ones aside; gentle changes unshare nothing."""
    run = make(tmp_path / "run", balancing=scheme, chooser="random-gentle", steps=6, **SHARED)
    for member in run.front:
        model = run.model(member.candidate)
        steps = {output: int(slots["step"]) for output, slots in model.balancer.items()}
        assert steps == dict.fromkeys(model.valp.tasks, model.batches)
    assert max(run.model(member.candidate).batches for member in run.front) > 4


def test_the_balancing_decides_what_is_trained(tmp_path: Path) -> None:
    made = {
        scheme: make(tmp_path / scheme, balancing=scheme, chooser="train-only", **more, **SHARED)
        for scheme, more in SCHEMES.items()
    }
    weights = {_weights(run) for run in made.values()}
    assert len(weights) == len(SCHEMES)


def _weights(run: Run) -> bytes:
    model = run.model(run.front[-1].candidate)
    return b"".join(weight.numpy().tobytes() for weight in model.weights.values())


def test_no_job_fails_under_gradnorm_for_its_optimiser_groups(tmp_path: Path) -> None:
    """Random changes, among which others split groups all the time."""
    run = make(tmp_path / "run", balancing="gradnorm", steps=25, accept="majority")
    variants = {event["proposal"]["variant"] for event in events(run.path) if event.get("proposal")}
    assert len(variants) > 5
    assert not variants & OPERATORS_THAT_SPLIT
    assert [event["reason"] for event in events(run.path) if event["event"] == "failed"] == []


def test_a_change_that_splits_a_group_fails_with_the_reason(tmp_path: Path) -> None:
    """Such as one by an operator of a third party."""
    named = ("tests.store.test_balancing:Splitter",)
    run = make(tmp_path / "run", balancing="gradnorm", steps=30, chooser="random-gentle", operators=named)
    asked = [e["candidate"] for e in events(run.path) if (e.get("proposal") or {}).get("variant") == "splitter"]
    failed = {e["candidate"]: e["reason"] for e in events(run.path) if e["event"] == "failed"}
    assert asked
    assert list(failed) == asked
    assert all("gradnorm: expected all outputs in one optimiser group, got" in reason for reason in failed.values())


def Splitter(space: Any) -> Any:  # noqa: N802 - stands for a class
    """``change_lr`` under another name."""
    from valpnas.operators.hyperparameters.change_lr import ChangeLr

    return ChangeLr(name="splitter", space=space)


def test_resuming_says_again_what_is_left_out(tmp_path: Path) -> None:
    make(tmp_path / "run", balancing="gradnorm", steps=1)
    said: list[str] = []
    resume(tmp_path / "run", said.append, steps=2)
    assert (
        "gradnorm needs all outputs in one optimiser group: change_lr, change_sgd, rest_output, take_back are left out"
        in said
    )


def test_a_run_file_without_the_keys_means_the_sum(tmp_path: Path) -> None:
    path = tmp_path / "run"
    make(path)
    lines = (path / "run.toml").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("balancing", "[loss_weights]"))]
    (path / "run.toml").write_text("\n".join(kept) + "\n")
    go_on(path, steps=4)
    assert Run(path).config.balancing == "sum"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_short_search_on_digits_repeats(tmp_path: Path, scheme: str) -> None:
    """Through the public entrance, with a decoder among the networks."""
    weights = {"loss_weights": {"digit": 2.0}} if scheme == "fixed" else {}
    budget = {"steps": 3, "initial_batches": 30, "batches_per_step": 10, "device": "cpu", "seed": 1, "report": False}
    for name in ("one", "two"):
        valpnas.design("digits", balancing=scheme, out=str(tmp_path / name), chooser="random", **budget, **weights)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert valpnas.load(tmp_path / "one").front
