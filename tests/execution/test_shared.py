"""Jobs in a folder: what is void, withdrawn, interrupted or late is heard of by nobody, and holds nobody up."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from valpnas.contracts.executor import Answers, Group
from valpnas.execution.shared import Shared, do_one
from valpnas.store.jobs import JobFolder

from .test_lost_workers import helper
from .works import Obey, answers_of, job

pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path / "jobs")


def names(folder: JobFolder) -> list[str]:
    """The files that are there."""
    return sorted(file.name for file in folder.path.iterdir())


@pytest.mark.parametrize("laid_first", [True, False])
def test_an_answer_to_a_void_job_of_the_same_number_holds_nobody_up(folder: JobFolder, laid_first: bool) -> None:
    """A worker is still at candidate 0 when the budget is raised and another candidate 0 is asked for."""
    old, new, other = job(0), job(0, time_limit=9.0), JobFolder(folder.path)
    name = folder.save([old])
    with Shared(folder, Obey(), 2) as executor, other.claim(name) as mine:
        group = other.load(name)
        assert mine
        assert group is not None
        folder.keep(set())
        if laid_first:
            executor.submit([new])
        other.write_answers(name, Obey()(group))
        if not laid_first:
            executor.submit([new])
        (answer,) = answers_of(executor)
        assert answer.result.record == new.record
        folder.keep(set())
        assert not folder.path.exists()


def test_what_is_removed_between_claim_and_answer_is_nobodys_loss(folder: JobFolder) -> None:
    name = folder.save([job(0)])
    with folder.claim(name) as mine:
        assert mine
        folder.keep(set())
        assert folder.load(name) is None
        assert folder.begin(name) == 0
        folder.stop(name)
        folder.write_answers(name, Obey()([job(0)]))
    assert not folder.path.exists()
    assert folder.waiting() == []
    assert not do_one(folder, Obey())


def test_half_written_files_are_removed_with_their_group(folder: JobFolder) -> None:
    names_left = [folder.save([job(candidate)]) for candidate in (3, 4)]
    for name in names_left:
        (folder.path / f".{name}.done.json.tmp").touch()
    folder.keep({4})
    assert {file.lstrip(".").partition("-")[0] for file in names(folder)} == {"00004"}
    assert len(names(folder)) == 3
    folder.keep(set())
    assert not folder.path.exists()


def test_interruptions_and_faults_are_no_lost_workers(folder: JobFolder) -> None:
    def stop(_: Group) -> Answers:
        raise KeyboardInterrupt

    for _ in range(4):
        with Shared(folder, stop, 1) as executor:
            executor.submit([job(0)])
            with pytest.raises(KeyboardInterrupt):
                list(executor.results())
    with Shared(folder, Obey(), 1) as executor:
        executor.submit([job(0)])
        (answer,) = answers_of(executor)
    assert not answer.result.failed


def test_a_worker_that_hangs_costs_its_candidate_and_its_late_answer_is_not_heard(folder: JobFolder) -> None:
    """It is stopped, and so keeps its claim; then it goes on."""
    sign = folder.path.parent / "sign"
    with Shared(folder, Obey(), 1, grace=0.5) as executor:
        executor.submit([job(0, f"wait for {sign}", time_limit=0.5)])
        worker = helper(folder.path)
        while not list(folder.path.glob("*.tries")):
            time.sleep(0.02)
        worker.send_signal(signal.SIGSTOP)
        try:
            (answer,) = answers_of(executor)
            assert answer.result.reason == "timed out: no answer within 1 s, and its worker is waited for no more"
            executor.submit([job(1)])
            (answer,) = answers_of(executor)
            assert not answer.result.failed
            sign.touch()
        finally:
            worker.send_signal(signal.SIGCONT)
        assert worker.wait() == 0
        assert {name.partition("-")[0] for name in names(folder)} == {"00001"}


def test_the_time_of_a_group_begins_anew_with_its_next_worker(folder: JobFolder) -> None:
    """One that was killed does not hold it: the group is done by another, however late."""
    with Shared(folder, Obey(), 1, grace=0.3) as executor:
        executor.submit([job(0, f"die unless {folder.path.parent / 'died'}", time_limit=0.1)])
        assert helper(folder.path).wait() == -signal.SIGKILL
        time.sleep(1.0)
        (answer,) = answers_of(executor)
        assert not answer.result.failed
