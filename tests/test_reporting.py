"""Reporting: the page of a real run, with predictions of every task; what happens when data or disk fail it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import valpnas
from tests import test_cli as cli
from tests.training.toy_data import toy_problem
from valpnas import searching
from valpnas.errors import StoreError
from valpnas.opened_run import Run
from valpnas.report.predictions import Pictures
from valpnas.reporting import REPORT, gather, write_report
from valpnas.resuming import resume

SMALL: dict[str, Any] = {
    "steps": 2, "initial_batches": 6, "batches_per_step": 3, "batch_size": 20, "chooser": "random", "device": "cpu",
    "space": {"min_width": 3, "max_width": 6, "min_latent": 2, "max_latent": 3},
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with two inputs and an output of each task, from arrays."""
    return valpnas.design(toy_problem(), **SMALL, out=str(tmp_path_factory.mktemp("reporting") / "run"))


def test_a_run_ends_with_its_page(run: Run) -> None:
    text = (run.path / REPORT).read_text(encoding="utf-8")
    for chart in ("front", "progress", "family", "seconds", "predicted-kind", "predicted-number", "predicted-shares"):
        assert f'data-figure="{chart}"' in text
    assert text.count('<img alt="New samples of drawn" src="data:image/png;base64,') == 1
    assert text.count('<img alt="Real images of drawn" src="data:image/png;base64,') == 1
    assert "its predictions are not shown" not in text


def test_predictions_are_those_of_the_best_model_in_its_own_units(run: Run) -> None:
    on_data = gather(run)
    shown = {each.output: each for each in on_data.predicted}
    assert sorted(shown) == ["kind", "number", "shares"]
    for output, each in shown.items():
        errors = {member.candidate: member.validation[output] for member in run.front}
        assert errors[each.candidate] == min(errors.values())
        assert len(each.true) == len(each.predicted) == len(run.prepared.parts["validation"])
    wrong = (shown["kind"].true != shown["kind"].predicted).mean()
    assert wrong == pytest.approx(min(member.validation["kind"] for member in run.front))
    assert 80 < shown["number"].true.mean() < 120  # toy numbers lie around 100, far from standardised ones
    assert shown["shares"].predicted.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_without_the_data_the_rest_is_drawn(run: Run, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(run.path, moved)
    (moved / "problem.npz").rename(tmp_path / "elsewhere.npz")
    on_data = gather(Run(moved))
    assert on_data.predicted == []
    assert "problem.npz" in on_data.unread
    assert [(shown.output, shown.real) for shown in on_data.pictures] == [("drawn", None)]
    text = write_report(Run(moved)).read_text(encoding="utf-8")
    assert "its predictions are not shown" in text
    assert 'data-figure="front"' in text


def test_pictures_are_files_a_browser_knows(run: Run) -> None:
    (shown,) = gather(run).pictures
    assert isinstance(shown, Pictures)
    assert shown.generated.startswith(b"\x89PNG")
    assert (shown.real or b"").startswith(b"\x89PNG")


def test_the_page_changes_nothing_else_in_the_run(run: Run, tmp_path: Path) -> None:
    def files() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in run.path.rglob("*") if p.is_file() and p.name != REPORT}

    before = files()
    assert write_report(Run(run.path), tmp_path / "page.html").exists()
    assert files() == before


def test_no_folder_is_made_for_a_page(run: Run, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"page.html: expected a file in a folder that exists, found no .*deep"):
        write_report(Run(run.path), tmp_path / "deep" / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_loses_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> Path:
        journal = (tmp_path / "run" / "journal.jsonl").read_text().splitlines()
        assert json.loads(journal[-1])["event"] == "ended"
        raise OSError("no space left")

    monkeypatch.setattr(searching, "write_report", full)
    said = r"has ended and is whole, but .*OSError: no space left; `valpnas report"
    with pytest.warns(UserWarning, match=said) as warned:
        made = valpnas.design(toy_problem(), **SMALL, out=str(tmp_path / "run"))
    assert {Path(warning.filename).name for warning in warned} == {Path(__file__).name}
    assert made.summary()["ended"]
    assert made.page is None
    assert not (tmp_path / "run" / REPORT).exists()
    monkeypatch.undo()
    made = resume(tmp_path / "run", lambda _: None)  # nothing is left to do but the page
    assert made.page == tmp_path / "run" / REPORT
    assert made.page.exists()


def test_a_command_says_in_one_line_that_its_page_could_not_be_written(run: Run, tmp_path: Path) -> None:
    path = Path(shutil.copytree(run.path, tmp_path / "run"))
    (path / REPORT).unlink()
    (path / REPORT).mkdir()  # in the way
    done = cli.valpnas("resume", path, "--steps", "3", "--quiet", folder=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith(
        f"{path}: the run has ended and is whole, but its page could not be written: StoreErr"
    )
    assert done.stderr.count("\n") == 1


def test_a_command_names_no_page_that_it_did_not_write(run: Run, tmp_path: Path) -> None:
    path = Path(shutil.copytree(run.path, tmp_path / "run"))
    (path / "run.toml").write_text((path / "run.toml").read_text().replace("quiet = true", "quiet = false"))
    spoken = cli.valpnas("resume", path, "--steps", "3", folder=tmp_path)
    assert f"report: {path / REPORT}" in spoken.stdout
    (path / "run.toml").write_text((path / "run.toml").read_text().replace("report = true", "report = false"))
    silent = cli.valpnas("resume", path, "--steps", "4", folder=tmp_path)
    assert silent.returncode == 0, silent.stderr
    assert (path / REPORT).exists()
    assert "report:" not in silent.stdout


def test_a_run_can_do_without_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never: Callable[..., Path] = lambda *_, **__: pytest.fail("a page was written")  # noqa: E731
    monkeypatch.setattr(searching, "write_report", never)
    valpnas.design(toy_problem(), **SMALL, report=False, out=str(tmp_path / "run"))
    resume(tmp_path / "run", lambda _: None)
    assert not (tmp_path / "run" / REPORT).exists()
