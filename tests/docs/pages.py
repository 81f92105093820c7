"""Reading the documentation: fenced blocks, tables, paths and links of a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"# file: (\S+)\n")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:valpnas|operators|diagnostics|problems|runs|tests|docs)/[^`\s]*)`")


@dataclass(frozen=True)
class Block:
    """A fenced block; ``file`` is what a first line ``# file: NAME`` says, empty without one."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str:
        """The file that the block is."""
        found = _NAMED.match(self.text)
        return found[1] if found else ""

    @property
    def commands(self) -> list[str]:
        """What a person would type: the lines that begin with a prompt."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in _FENCE.finditer(text)]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def table(page: Path, *heads: str) -> list[list[str]]:
    """Return the rows, cell by cell, of the first table whose columns begin with ``heads``."""
    wanted = f"| {' | '.join(heads)} |"
    lines = iter(prose(page).splitlines())
    for line in lines:
        if line.startswith(wanted):
            next(lines)  # the line of dashes
            return list(_rows(lines))
    raise AssertionError(f"{page.name}: expected a table that begins with {wanted}, found none")


def _rows(lines: Iterator[str]) -> Iterator[list[str]]:
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def missing_paths(page: Path) -> list[str]:
    """Return the paths of the repository that a page names and that are not there.

    Of a path with a placeholder, such as ``operators/<scope>/x.py``, the part before it counts.
    """
    named = (found[1] for found in _PATH.finditer(prose(page)))
    return sorted(
        {path for path in named if not (ROOT / path.split("<")[0].rpartition("/")[0]).is_dir() or _gone(path)}
    )


def _gone(path: str) -> bool:
    return "<" not in path and "*" not in path and not (ROOT / path).exists()


def broken_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead to no file or to no heading."""
    links = [found[1] for found in _LINK.finditer(prose(page))]
    return [link for link in links if not re.match(r"[a-z]+:", link) and not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
