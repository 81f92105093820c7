"""What any file must have and must not have: a first sentence, its place, no second copies, no paths of one machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .sources import PACKAGE_OF, PLUG_INS, ROOT, python_files

Plant = Callable[[dict[str, str]], Path]

FOLDERS = (*PACKAGE_OF, "tests", "benchmarks", "docs")
TEXT_SUFFIXES = (".py", ".toml", ".md", ".txt", ".json", ".cff", ".html", ".yml", ".yaml", ".csv", "")
# An absolute path: at the start of a word, two names deep. The first names below are the same on every machine.
ABSOLUTE_PATH = re.compile(r"""(?:^|(?<=[\s"'`(=,:\[]))/(?P<top>[A-Za-z][\w.-]*)/[\w.-]+|\b[A-Z]:\\\\?Users\b""")
EVERYWHERE = ("bin", "dev", "etc", "path", "proc", "sys", "tmp", "usr")


def committed_python(root: Path) -> list[Path]:
    """Every Python file of the project, results of runs aside."""
    return [path for folder in FOLDERS for path in python_files(root, folder)]


def committed_text(root: Path) -> list[Path]:
    """Every text file of the project, results of runs aside."""
    inside = [path for folder in FOLDERS if folder != "runs" for path in (root / folder).rglob("*")]
    around = [*root.iterdir(), *(root / "runs").glob("*"), *(root / ".ci").glob("*")]
    files = [path for path in [*inside, *around] if path.is_file() and path.suffix in TEXT_SUFFIXES]
    return sorted(path for path in files if path.name != ".git")


def without_docstring(root: Path) -> list[str]:
    """Files whose first statement does not say what they are."""
    files = committed_python(root)
    return [str(path.relative_to(root)) for path in files if not ast.get_docstring(ast.parse(path.read_bytes()))]


def misplaced_tests(root: Path) -> list[str]:
    """Test files in a mapped folder, which would load it a second time under another name."""
    files = [path for folder in PLUG_INS for path in python_files(root, folder)]
    return [str(path.relative_to(root)) for path in files if re.fullmatch(r"test_.*|.*_test|conftest", path.stem)]


def second_copies(root: Path) -> list[str]:
    """Imports of a mapped folder by its bare name, which works in the repository root only and loads a second copy."""
    bare = {name for name in PACKAGE_OF if name != "valpnas"}
    return [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in committed_python(root)
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Import | ast.ImportFrom) and bare & {name.split(".")[0] for name in _absolute(node)}
    ]


def _absolute(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if node.level == 0 else []


def paths_of_one_machine(root: Path) -> list[str]:
    """Lines that name an absolute path which other machines do not have, whatever that machine is."""
    return [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in committed_text(root)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if _is_local(line)
    ]


def _is_local(line: str) -> bool:
    return any(match["top"] not in EVERYWHERE for match in ABSOLUTE_PATH.finditer(line))


def test_every_file_says_what_it_is() -> None:
    assert without_docstring(ROOT) == []


def test_a_file_without_docstring_is_found(plant: Plant) -> None:
    root = plant({"valpnas/a.py": '"""A file."""', "tests/b.py": "import ast\n", "problems/c.py": "# only a comment\n"})
    assert without_docstring(root) == ["problems/c.py", "tests/b.py"]


def test_plug_in_folders_hold_no_tests() -> None:
    assert misplaced_tests(ROOT) == []


def test_a_test_among_plug_ins_is_found(plant: Plant) -> None:
    names = ["operators/micro/test_x.py", "diagnostics/x_test.py", "problems/conftest.py"]
    assert sorted(misplaced_tests(plant(dict.fromkeys([*names, "problems/contest.py"], "")))) == sorted(names)


def test_nothing_loads_a_second_copy() -> None:
    assert second_copies(ROOT) == []


@pytest.mark.parametrize(
    "text", ["import operators", "from problems.digits import digits", "def f():\n    import runs\n"]
)
def test_a_second_copy_is_found(plant: Plant, text: str) -> None:
    assert len(second_copies(plant({"tests/bad.py": text, "tests/good.py": "from . import operators"}))) == 1


def test_no_file_names_a_path_of_one_machine() -> None:
    assert paths_of_one_machine(ROOT) == []


def test_a_path_of_one_machine_is_found(plant: Plant) -> None:
    # `~` stands for the slash, so that this file passes its own rule.
    lines = ("x = '~home/me/data'", "see ~srv/checkout.", "~root/x", "`~data/sets`", "C:\\Us~ers\\me".replace("~", ""))
    bad = [line.replace("~", "/") for line in lines]
    good = [
        "#!/usr/bin/env bash",
        "https://a.org/b/c",
        "operators/macro/x.py",
        "</b>",
        "a / b",
        "$(PWD)/a/b",
        "and/or/not",
    ]
    root = plant({"docs/bad.md": "\n".join(bad), "docs/good.md": "\n".join(good), ".ci/run": bad[0]})
    assert len(paths_of_one_machine(root)) == len(bad) + 1
