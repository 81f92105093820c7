"""Link the mapped folders into build/view/valpnas, one plain package tree for tools that do not read package-dir."""

import shutil
from pathlib import Path


def link_tree(root: Path) -> Path:
    """Make ``build/view`` anew: valpnas's own entries beside the plug-in folders, all of them links."""
    view = root / "build" / "view"
    shutil.rmtree(view, ignore_errors=True)
    (view / "valpnas").mkdir(parents=True)
    plug_ins = [root / name for name in ("operators", "diagnostics", "problems", "runs")]
    for entry in [*(root / "valpnas").iterdir(), *filter(Path.exists, plug_ins)]:
        (view / "valpnas" / entry.name).symlink_to(entry)
    return view


if __name__ == "__main__":
    link_tree(Path(__file__).resolve().parents[2])
