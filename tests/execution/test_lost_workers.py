"""Workers that are killed, hang or never begin: their candidates fail or are done by others, and the rest goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.killing import kill_whole
from valpnas.errors import ExecutionError
from valpnas.execution.groups import seconds_for
from valpnas.execution.processes import Processes
from valpnas.execution.ray_cluster import RayCluster
from valpnas.execution.shared import Shared
from valpnas.store.jobs import JobFolder

from .works import LONG, Obey, answers_of, die, job, obey, refuse

pytestmark = pytest.mark.timeout(400)


def wait_for_the_end(pid: int) -> None:
    """Wait until a process is gone, or waits for its parent to notice."""
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < deadline, "the worker lives on"
        time.sleep(0.05)


def test_a_killed_process_costs_its_candidate_and_is_replaced() -> None:
    with Processes([obey] * 2) as executor:
        for candidate, order in enumerate(["", "die", "", ""]):
            executor.submit([job(candidate, order)])
        answers = {answer.result.candidate: answer.result for answer in answers_of(executor)}
        assert {c for c, result in answers.items() if result.failed} == {1}
        assert answers[1].reason == "lost with its worker: its process was ended by SIGKILL; out of memory?"
        for pid in executor.pids:  # idle ones: nobody misses them
            kill_whole(pid)
        executor.submit([job(9)])
        assert [answer.result.failed for answer in answers_of(executor)] == [False]


def test_a_group_is_lost_as_a_whole() -> None:
    with Processes([obey]) as executor:
        executor.submit([job(0), job(1, "die")])
        executor.submit([job(2), job(3)])
        answers = {answer.result.candidate: answer.result for answer in answers_of(executor)}
    assert {c for c, result in answers.items() if result.failed} == {0, 1}
    assert answers[0].reason == answers[1].reason


def test_a_group_has_the_time_of_all_its_jobs() -> None:
    with_limits = [job(candidate, time_limit=2.0).record for candidate in range(3)]
    assert seconds_for(with_limits, 60.0) == 66.0
    assert seconds_for([*with_limits, job(3).record], 60.0) == float("inf")


def test_one_that_hangs_is_ended_and_has_timed_out() -> None:
    with Processes([obey], grace=0.5) as executor:
        executor.submit([job(0, f"sleep {LONG}", time_limit=0.5)])
        executor.submit([job(1)])
        answers = {answer.result.candidate: answer.result for answer in answers_of(executor)}
    assert answers[0].reason == "timed out: no answer within 1 s, and its worker was ended"
    assert not answers[1].failed


def test_workers_that_cannot_begin_stop_the_run_with_their_words() -> None:
    with Processes([refuse]) as executor:
        executor.submit([job(0)])
        with pytest.raises(ExecutionError, match="could not begin: expected data, got none; look for them"):
            list(executor.results())
    with Processes([die]) as executor:
        executor.submit([job(0)])
        with pytest.raises(
            ExecutionError, match="3 worker processes could not begin, the last: its process was ended by SIGK"
        ):
            list(executor.results())


PARENT = """
import sys
from tests.execution.works import job, obey
from valpnas.execution.processes import Processes
executor = Processes([obey])
executor.submit([job(0)])
list(executor.results())
executor.submit([job(1, "sleep 600")])
print(*executor.pids, flush=True)
list(executor.results())
"""


def test_workers_die_with_their_parent() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-P", "-c", PARENT], env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    wait_for_the_end(pid)


HELPER = """
import sys
from pathlib import Path
from tests.execution.works import Obey
from valpnas.execution.shared import do_one
from valpnas.store.jobs import JobFolder
while not do_one(JobFolder(Path(sys.argv[1])), Obey()):
    pass
"""


def helper(folder: Path) -> subprocess.Popen[bytes]:
    """A process that does one job of the folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-P", "-c", HELPER, str(folder)], env=environment)


def test_a_job_of_a_killed_helper_is_done_by_another(tmp_path: Path) -> None:
    """The helper holds the job, so that who is in charge does the next; it gets the first when the helper is gone."""
    folder = JobFolder(tmp_path / "jobs")
    with Shared(folder, Obey(), 1) as executor:
        executor.submit([job(0, f"die unless {tmp_path / 'died'}")])
        assert helper(folder.path).wait() == -signal.SIGKILL
        assert len(folder.waiting()) == 1
        (answer,) = answers_of(executor)
        assert not answer.result.failed


def test_a_group_of_a_killed_helper_is_done_again_as_a_whole(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "jobs")
    with Shared(folder, Obey(), 1) as executor:
        executor.submit([job(4), job(5, f"die unless {tmp_path / 'died'}")])
        executor.submit([job(6)])
        assert helper(folder.path).wait() == -signal.SIGKILL
        assert [name.partition("-")[0] for name in folder.waiting()] == ["00004", "00006"]
        assert sorted(answer.result.candidate for answer in answers_of(executor)) == [4, 5, 6]
    folder.keep({6})
    assert {file.name.partition("-")[0] for file in folder.path.iterdir()} == {"00006"}


def test_a_job_that_ends_every_process_has_failed_after_three(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "jobs")
    with Shared(folder, Obey(), 1) as executor:
        executor.submit([job(0, "die")])
        assert [helper(folder.path).wait() for _ in range(3)] == [-signal.SIGKILL] * 3
        (answer,) = answers_of(executor)
        assert answer.result.reason == "lost with its worker: so ended 3 processes that were at it"


def test_what_a_helper_did_is_found_by_whoever_goes_on(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "jobs")
    with Shared(folder, Obey(), 1) as executor:
        executor.submit([job(0)])
    assert helper(folder.path).wait() == 0
    with Shared(folder, refuse, 1) as executor:  # type: ignore[arg-type] - it must not be called
        executor.submit([job(0)])
        (answer,) = answers_of(executor)
        assert answer.result.model is not None


@pytest.mark.ray
@pytest.mark.usefixtures("_ray")
def test_a_job_of_a_lost_ray_worker_is_done_again(tmp_path: Path) -> None:
    with RayCluster(Obey(), 1) as executor:
        executor.submit([job(0, f"die unless {tmp_path / 'died'}")])
        executor.submit([job(1, "die")])
        executor.submit([job(2)])
        answers = {answer.result.candidate: answer.result for answer in answers_of(executor)}
    assert not answers[0].failed
    assert not answers[2].failed
    assert answers[1].reason.startswith("lost with its worker 3 times: ")


@pytest.mark.ray
@pytest.mark.usefixtures("_ray")
def test_a_lost_ray_node_costs_no_candidate(tmp_path: Path) -> None:
    """Both nodes are at a job when one is killed: the jobs of the other are done by the node that is left."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        node = cluster.add_node(num_cpus=1)
        with RayCluster(Obey(), 2, cluster.address) as executor:
            sign = tmp_path / "sign"
            executor.submit([job(0, f"wait for {sign}")])
            executor.submit([job(1, f"wait for {sign}")])
            executor.submit([job(2)])
            answers = answers_of(executor)
            killer = subprocess.Popen(["sh", "-c", f"sleep 15; touch {sign}"])
            time.sleep(5)
            cluster.remove_node(node, allow_graceful=False)
            results = [answer.result for answer in answers]
            killer.wait()
        assert sorted(result.candidate for result in results) == [0, 1, 2]
        assert not any(result.failed for result in results)
    finally:
        cluster.shutdown()
