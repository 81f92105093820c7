"""The link tree shows mypy one package with the plug-in folders inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .link_tree import link_tree


def test_the_view_holds_kernel_and_plug_ins(plant: Callable[[dict[str, str]], Path]) -> None:
    root = plant(
        {"valpnas/cli.py": "", "valpnas/graph/valp.py": "", "operators/macro/clone.py": "", "runs/digits.toml": ""}
    )
    link_tree(root)
    view = link_tree(root) / "valpnas"  # making it anew replaces what was there
    assert sorted(path.name for path in view.iterdir()) == ["cli.py", "graph", "operators", "runs"]
    assert (view / "operators" / "macro" / "clone.py").samefile(root / "operators" / "macro" / "clone.py")
