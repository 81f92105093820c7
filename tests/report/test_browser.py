"""The page in a real browser: every chart is drawn, picking and pointing work, nothing is complained about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.architecture.sources import ROOT
from valpnas.report.contents import OnData, contents
from valpnas.report.page import page
from valpnas.store.run_directory import RunDirectory

from .fabricate import EVIL, NAMES, make_run
from .popnas.conftest import PREDICTED, make

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NEEDED = "VALPNAS_NEEDS_CHROMIUM"  # set where a missing browser is a fault: in CI
DRAWN = "[...document.querySelectorAll('.chart:not([hidden])')].every(chart => chart.dataset.drawn === 'yes')"
MOST_SECONDS = 3.0  # of the page's own computing until it can be used; waiting for a busy processor does not count

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and NEEDED not in os.environ, reason="no Chromium here: `apt-get install chromium` brings one"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, the system's own."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "expected a Chromium, for CI asks for one; install it"
    with sync_playwright() as playwright:
        # Without a sandbox, because CI runs as root in a container; what is opened is our own page.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of 500 steps."""
    folder = tmp_path_factory.mktemp("browser")
    run = RunDirectory(make_run(folder / "run", 500, EVIL))
    (folder / "report.html").write_text(page(contents(run, OnData())), encoding="utf-8")
    return folder / "report.html"


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Page]:
    """The page, opened from disk without a network; at the end nothing must have been complained about."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    tab.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
    tab.goto(report.as_uri())
    tab.wait_for_function(DRAWN)
    yield tab
    context.close()
    assert complaints == []


def keep(tab: Page, name: str) -> None:
    """Keep a picture of the whole page among what a build leaves."""
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=folder / f"{name}.png", full_page=True)


def test_every_chart_is_drawn(opened: Page) -> None:
    charts = opened.locator(".chart:not([hidden])")
    assert charts.count() >= 5
    for i in range(charts.count()):
        assert charts.nth(i).locator("svg.main-svg").count() > 0
        assert charts.nth(i).locator("path").count() > 3
    keep(opened, "report")


def test_picking_another_output_recolours_the_model(opened: Page) -> None:
    box = opened.locator("section.model:not([hidden]) .box[data-name=n1] rect")
    assert opened.locator("button[aria-pressed=true]").inner_text() == NAMES[0]
    before = box.evaluate("rect => rect.style.fill")
    opened.locator(f"button[data-output={NAMES[1]}]").click()
    assert opened.locator("button[aria-pressed=true]").inner_text() == NAMES[1]
    assert box.evaluate("rect => rect.style.fill") not in ("", before)
    own = opened.locator("section.model:not([hidden]) .halo.own")
    assert {own.nth(i).get_attribute("data-own") for i in range(own.count())} == {NAMES[1]}


def test_pointing_at_a_box_or_reaching_it_by_key_tells_about_it(opened: Page) -> None:
    about = opened.locator("section.model:not([hidden]) .about")
    opened.locator("section.model:not([hidden]) .box[data-name=n1]").hover()
    told = about.inner_text()
    assert told.startswith("n1")
    for piece in ("emits: ", "parameters: ", "PARTLY_RELEVANT: ratio kind 1.1", "price: loss times 4.00"):
        assert piece in told
    opened.locator("section.model:not([hidden]) .box[data-name=left]").focus()
    assert about.inner_text().startswith("left")
    assert "QUITE_NEW for kind" in about.inner_text()


@pytest.mark.parametrize("broad", [False, True])
def test_what_is_told_about_a_box_leaves_the_graph_where_it_is(opened: Page, broad: bool) -> None:
    shown = opened.locator("section.model:not([hidden])")
    shown.locator(".graph").evaluate(f"graph => graph.classList.toggle('broad', {str(broad).lower()})")
    canvas, about = shown.locator(".canvas"), shown.locator(".about")
    before = canvas.bounding_box(), about.bounding_box()
    for name in ("n1", "left", NAMES[0]):
        shown.locator(f".box[data-name={name}]").evaluate("box => box.focus({preventScroll: true})")
        assert about.inner_text().startswith(name)
        about.evaluate("about => about.append('much more to tell '.repeat(999))")
        assert (canvas.bounding_box(), about.bounding_box()) == before
    assert about.evaluate("about => about.scrollHeight > about.clientHeight")
    if not broad:  # beside the graph, and as tall
        heights = [each.evaluate("box => box.offsetHeight") for each in (canvas, about)]
        assert heights[0] == pytest.approx(heights[1], abs=1)


def test_a_telephone_scrolls_up_and_down_only(browser: Browser, report: Path) -> None:
    tab = browser.new_page(viewport={"width": 420, "height": 800})
    tab.goto(report.as_uri(), timeout=120_000)
    tab.wait_for_function(DRAWN, timeout=120_000)
    widths = tab.evaluate("[document.documentElement.scrollWidth, document.getElementById('model').offsetWidth]")
    tab.close()
    assert max(widths) <= 420


def test_picking_another_model_changes_graph_findings_and_curves(opened: Page) -> None:
    select = opened.locator("#model")
    other = select.locator("option").nth(3).get_attribute("value")
    assert other
    select.select_option(other)
    opened.wait_for_function(DRAWN)
    shown = opened.locator(".model:not([hidden])")
    assert [shown.nth(i).get_attribute("data-model") for i in range(shown.count())] == [other, other]
    assert opened.locator("#curves").get_attribute("data-figure") == f"curves-{other}"


def test_a_script_in_a_name_is_shown_as_text(opened: Page) -> None:
    assert EVIL in opened.locator("h1").inner_text()
    assert EVIL in opened.locator("td.word", has_text="alert").first.inner_text()


def test_it_opens_quickly(browser: Browser, report: Path) -> None:
    tab = browser.new_page()
    meter = tab.context.new_cdp_session(tab)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})
    tab.goto(report.as_uri(), timeout=120_000)
    used = {each["name"]: each["value"] for each in meter.send("Performance.getMetrics")["metrics"]}
    tab.close()
    assert used["TaskDuration"] < MOST_SECONDS


def test_it_is_readable_in_the_dark(browser: Browser, report: Path) -> None:
    tab = browser.new_page(color_scheme="dark")
    tab.goto(report.as_uri(), timeout=120_000)
    tab.wait_for_function(DRAWN, timeout=120_000)
    back, text = tab.evaluate(
        "[getComputedStyle(document.body).backgroundColor, document.querySelector('.chart text').style.fill]"
    )
    assert _light(back) < 60
    assert _light(text) > 160
    keep(tab, "report-dark")
    tab.close()


@pytest.fixture(scope="module")
def report_of_cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three rounds of POPNAS."""
    folder = tmp_path_factory.mktemp("browser")
    run = make(folder / "run", "popnas", {**PREDICTED, "costs": ["seconds", "parameters"]})
    (folder / "report.html").write_text(page(contents(RunDirectory(run.path), OnData())), encoding="utf-8")
    return folder / "report.html"


@pytest.mark.parametrize("width", [1280, 420])
def test_a_search_of_cells_is_drawn_whole(browser: Browser, report_of_cells: Path, width: int) -> None:
    complaints: list[str] = []
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(report_of_cells.as_uri(), timeout=120_000)
    tab.wait_for_function(DRAWN, timeout=120_000)
    keep(tab, f"report-cells-{width}")
    assert tab.locator(".canvas svg .piece.output").count() == 5
    assert tab.locator("[data-figure=influence-seconds] .point").count() > 9
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()
    assert complaints == []


def _light(colour: str) -> float:
    numbers = [float(part) for part in colour[colour.index("(") + 1 :].rstrip(")").split(",")[:3]]
    return sum(numbers) / 3
