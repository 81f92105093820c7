"""The page: it holds everything, needs no network, runs nothing of a run's own, and stays small."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from valpnas.report.contents import OnData, contents
from valpnas.report.models import MOST, choose
from valpnas.report.page import page
from valpnas.report.summary import summarise
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory

from .fabricate import EVIL, NAMES, make_run


class Reader(HTMLParser):
    """Reads tags, what they refer to, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self.links: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


def page_of(path: Path, unread: str = "") -> str:
    return page(contents(RunDirectory(path), OnData(unread=unread)))


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 500 steps whose problem and one of whose operators are called a script."""
    return make_run(tmp_path_factory.mktemp("report") / "run", 500, EVIL)


@pytest.fixture(scope="module")
def text(long_run: Path) -> str:
    return page_of(long_run, unread=EVIL)


def test_a_long_run_stays_small(text: str) -> None:
    assert len(text.encode()) < 15e6
    assert text.count("</tr>") > 500


def test_nothing_of_the_run_can_run(text: str) -> None:
    reader = Reader(text)
    assert len(reader.scripts) == 3  # the data, the chart library, our own
    assert EVIL not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 100
    data = json.loads(reader.scripts[0])
    assert "alert(1)" in json.dumps(data)
    assert EVIL not in json.dumps(data)  # the chart library would read it as markup


def test_it_needs_no_network(text: str) -> None:
    assert [link for link in Reader(text).links if not link.startswith(("#", "data:"))] == []
    own = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert "@import" not in own
    assert "http" not in own


def test_every_place_of_a_chart_has_its_chart(text: str) -> None:
    data = json.loads(Reader(text).scripts[0])
    places = re.findall(r'data-figure="([^"]+)"', text)
    assert set(places) <= set(data["figures"])
    assert set(data["figures"]) - set(places) == {f"curves-{candidate}" for candidate in data["models"]}
    assert data["outputs"] == list(NAMES)


def test_every_model_is_drawn_with_findings_of_any_kind(text: str) -> None:
    data = json.loads(Reader(text).scripts[0])
    assert len(data["models"]) == text.count("<svg style=") == MOST
    for components in data["models"].values():
        assert components["left"]["findings"] == ["QUITE_NEW for kind: ratio 1.5"]
        assert components["n1"]["ratios"] == {"price": 4.0, "kind": 1.1}
        assert components["price"]["findings"][0].startswith("MODERATE: batches 1,000, slope per batch -0.0001")
    assert text.count("QUITE_NEW") >= MOST


def test_the_best_of_each_output_and_the_best_all_round_are_drawn(long_run: Path) -> None:
    summary = summarise(RunDirectory(long_run))
    chosen = choose(summary["front"], read_problem(long_run))
    assert len(chosen) == MOST < len(summary["front"])
    assert chosen[0][1].startswith("best all-round")
    for output in NAMES:
        best = min(member["validation"][output] for member in summary["front"])
        assert any(m["validation"][output] == best and f"best {output}" in why for m, why in chosen)


def test_what_cannot_be_read_is_said_and_the_rest_is_drawn(tmp_path: Path) -> None:
    text = page_of(make_run(tmp_path / "run", 5, weights=False), unread="the data have moved")
    assert "its predictions are not shown: the data have moved" in text
    assert "Not everything of this model could be read" in text
    assert "No diagnostic has looked at this model" in text
    assert 'data-figure="family"' in text
    assert "<svg style=" not in text


def test_lost_weights_leave_the_structure(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", 5)
    for file in (path / "weights").iterdir():
        file.unlink()
    text = page_of(path)
    assert "Not everything of this model could be read" in text
    assert "<svg style=" in text


@pytest.mark.parametrize("steps", [0, 3])
def test_a_run_that_has_not_ended_is_shown_as_far_as_it_is(tmp_path: Path, steps: int) -> None:
    text = page_of(make_run(tmp_path / "run", steps, ended=False))
    assert "This run has not ended" in text
    assert 'data-figure="front"' in text


def test_a_run_without_a_model_says_so(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", 0, ended=False, weights=False)
    first = (path / "journal.jsonl").read_text().splitlines(keepends=True)[0]
    (path / "journal.jsonl").write_text(first)
    text = page_of(path)
    assert "No model has been trained yet" in text
    assert "<script" not in text


def test_a_diagnostic_that_broke_is_named_with_its_error(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", 5)
    file = min((path / "diagnostics").iterdir())
    file.write_text(json.dumps({"findings": [], "errors": {"dependency": f"raised {EVIL}"}}))
    text = page_of(path)
    assert "The diagnostic <code>dependency</code> broke on this model" in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 0
    assert EVIL not in text
    assert '<td class="word" colspan="7">none</td>' in text, "the others looked"


def test_where_nobody_has_looked_it_is_not_said_that_nothing_was_found(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", 3, ended=False)
    for file in (path / "diagnostics").iterdir():
        file.unlink()
    text = page_of(path)
    assert "No diagnostic has looked at this model yet" in text
    assert '<td class="word" colspan="7">not looked at yet</td>' in text
    assert "none</td>" not in text
    data = json.loads(Reader(text).scripts[0])
    assert not any(box["looked"] for boxes in data["models"].values() for box in boxes.values())
