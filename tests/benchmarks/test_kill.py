"""The kill benchmark kills for real, ends every run it kills, and notices a run that came out otherwise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from valpnas.search import CHOOSERS, SEARCHES
from valpnas.search.kinds import search_class

KILL = Path(__file__).parents[2] / "benchmarks" / "kill.py"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark."""
    return subprocess.run([sys.executable, str(KILL), *words], capture_output=True, text=True)


@pytest.mark.slow
def test_killed_runs_become_the_runs_nobody_killed() -> None:
    made = run("24", "--seed", "1")
    assert made.returncode == 0, made.stdout + made.stderr
    first, *lines = made.stdout.splitlines()
    assert first.startswith("24 kills")
    hit = [line for line in lines if line.startswith("  ")]
    assert sum(int(line.split()[0]) for line in hit) == 24
    assert all("0 differ" in line for line in lines if line not in hit)


def test_a_run_that_came_out_otherwise_is_noticed() -> None:
    made = within("kill.contents = lambda folder: {'journal': folder.name}; sys.argv = ['kill', '1']; kill.main()")
    assert made.returncode == 1
    assert "1 runs killed and resumed, 1 differ" in made.stdout


def test_a_child_killed_in_the_progress_bar_blocks_no_other() -> None:
    made = within(_KILLED_IN_THE_BAR)
    assert made.returncode == 0, made.stderr
    assert made.stdout.split() == ["True", "False"]


_KILLED_IN_THE_BAR = """
import time
from pathlib import Path
from tqdm import tqdm

class Holding:
    def advance(self, folder):
        tqdm.get_lock().acquire()
        time.sleep(float(folder.name))

tqdm(disable=True)
kill._PATIENCE = 20.0
print(kill.kill(Holding(), Path("30"), 1.0), kill.kill(Holding(), Path("0"), float("inf")))
"""


def test_every_search_gets_its_turn_with_every_chooser_that_it_takes() -> None:
    made = within("print(*{(c.settings['search'], c.settings.get('chooser')) for c in kill.cases()}, sep='\\n')")
    cells = [search.name for search in SEARCHES if search_class(search.name).trains_cells]
    assert len(made.stdout.splitlines()) == (len(SEARCHES) - len(cells)) * len(CHOOSERS) + len(cells), made.stderr
    first = within(f"print(*(case.settings['search'] for case in kill.cases()[: {len(cells) + 3}]))")
    assert first.stdout.split() == [*cells, "hill-climbing", "nsga2", "nsga3"]


def test_every_case_is_a_run_that_there_can_be() -> None:
    """Each search refuses what it would ignore."""
    made = within(_CHECKED)
    assert made.returncode == 0, made.stderr
    assert int(made.stdout) >= 3 * len(CHOOSERS)


_CHECKED = """
from valpnas.config_tables import config_from
from valpnas.run_checks import check

every = kill.cases()
for case in every:
    check(config_from({**case.settings, "problem": "digits" if case.problem == "in memory" else case.problem}))
print(len(every))
"""


def within(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that has the benchmark as ``kill``."""
    begin = "import sys; sys.path.insert(0, sys.argv[1]); import kill; "
    return subprocess.run([sys.executable, "-c", begin + program, str(KILL.parent)], capture_output=True, text=True)
