"""What every problem of the table must be; a new line is tested as soon as it is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from valpnas import catalog
from valpnas.contracts.entry import Entry
from valpnas.contracts.problem import Problem
from valpnas.errors import UnknownNameError
from valpnas.graph.tasks import Generation
from valpnas.problems import PROBLEMS


@pytest.mark.parametrize("entry", [e for e in PROBLEMS if not e.argument], ids=lambda entry: entry.name)
def test_a_problem_is_whole(entry: Entry) -> None:
    problem = catalog.problem(entry.name)
    assert isinstance(problem, Problem)
    assert problem.name == entry.name
    assert not problem.in_memory
    names = {output.name for output in problem.outputs}
    assert set(problem.reference) == set(problem.ideal) == names
    assert all(0 < problem.ideal[name] < problem.reference[name] for name in names)
    assert set(problem.samplers) == {o.name for o in problem.outputs if isinstance(o.task, Generation)}
    assert entry.summary
    assert problem.summary


def test_listing_problems_reads_nothing() -> None:
    heavy = "{'numpy', 'torch', 'sklearn', 'pooch', 'valpnas.problems.digits'}"
    code = f"import sys, valpnas.problems; print({heavy} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_an_unknown_problem_offers_ours() -> None:
    with pytest.raises(UnknownNameError, match="did you mean digits"):
        catalog.problem("digit")
