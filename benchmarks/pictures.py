"""Pictures of what each diagnostic finds in one run, for docs/diagnostics.md: its page and its tables, in a browser.

``python benchmarks/pictures.py RUN FOLDER`` writes ``diagnostic-<name>.png``; it needs a Chromium.
"""

from __future__ import annotations

import shutil
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from valpnas.diagnosing import diagnose_run
from valpnas.report.diagnosis_terminal import outputs_table, parts_table
from valpnas.run import load

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_DRAWN = "[...document.querySelectorAll('.chart:not([hidden])')].every(chart => chart.dataset.drawn === 'yes')"
_MODEL = "section.model:not([hidden])"


def main(run: Path, folder: Path) -> None:
    """Write a picture per diagnostic."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        _of_the_page(browser, run / "report.html", folder)
        made = diagnose_run(load(run), fresh=True)
        _of_a_table(browser, parts_table(made), folder / "diagnostic-dependency.png")
        _of_a_table(browser, outputs_table(made), folder / "diagnostic-relative_performance.png")
        browser.close()


def _of_the_page(browser: Browser, page: Path, folder: Path) -> None:
    tab = _tab(browser)
    tab.goto(page.resolve().as_uri())
    tab.wait_for_function(_DRAWN)
    tab.locator("#curves").screenshot(path=folder / "diagnostic-loss_slope.png")
    tab.locator(f"{_MODEL}").first.screenshot(path=folder / "diagnostic-module_intervention.png")
    tab.locator(f"{_MODEL} .box").first.hover()
    tab.locator(f"{_MODEL}").first.screenshot(path=folder / "diagnostic-input_intervention.png")
    tab.close()


def _of_a_table(browser: Browser, table: Table, file: Path) -> None:
    console = Console(record=True, width=110, file=StringIO())
    console.print(table)
    tab = _tab(browser)
    tab.set_content(console.export_html(inline_styles=True))
    tab.locator("pre").screenshot(path=file)
    tab.close()


def _tab(browser: Browser) -> Page:
    return browser.new_page(viewport={"width": 1100, "height": 900}, device_scale_factor=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
