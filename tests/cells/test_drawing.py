"""Drawings of cells and networks: every part is there, arrows lead forward, files and terminal show the figures."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from valpnas.cells.drawing import Drawing, draw_cell, draw_network
from valpnas.cells.macro import Macro
from valpnas.cells.picture import save_picture
from valpnas.cells.plan import NetworkPlan, plan_network
from valpnas.cells.terminal import print_plan
from valpnas.cells.text import read_cell
from valpnas.cli import app
from valpnas.errors import ConfigError
from valpnas.testing.cell_strategies import cells, macros

ANCHOR = "[(-2, '3x3 conv', -2, '3x3 conv')]"
NESTED = "[(-2, '7 conv', -2, 'lstm');(-2, '7:4dr conv', 0, '7:4dr conv');(-1, '13 conv', 0, '7:4dr conv')]"


def nested() -> NetworkPlan:
    return plan_network(read_cell(NESTED), Macro(4, 2, 1, exits="two"), (1, 20), 3)


def shown(*words: str) -> str:
    ran = CliRunner().invoke(app, ["cell", "show", *words], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.output


def check(drawing: Drawing) -> None:
    names = [box.name for box in drawing.boxes]
    assert len(set(names)) == len(names)
    assert len({(box.column, box.row) for box in drawing.boxes}) == len(names), "two boxes in one place"
    for source, target in drawing.arrows:
        assert drawing.box(source).column < drawing.box(target).column
    met = {name for arrow in drawing.arrows for name in arrow}
    assert met == set(names) or len(names) == 1


@settings(deadline=None, derandomize=True, database=None, max_examples=50)
@given(st.sampled_from([1, 2]).flatmap(lambda n: st.tuples(st.just(n), cells(n, least=1))), macros(), st.integers(0, 3))
def test_arrows_lead_forward_between_boxes_apart(drawn: tuple, macro: Macro, classes: int) -> None:  # type: ignore[type-arg]
    dimensions, cell = drawn
    check(draw_cell(cell, macro))
    check(draw_network(plan_network(cell, macro, (2, *[9] * dimensions), classes)))


def test_a_cell_shows_its_operations_and_what_reads_them() -> None:
    drawing = draw_cell(read_cell(NESTED), Macro())
    texts = {box.name: box.text for box in drawing.boxes}
    assert [texts[f"{b}{side}"] for b in range(3) for side in "lr"] == [
        "7 conv",
        "lstm",
        "7:4dr conv",
        "7:4dr conv",
        "13 conv",
        "7:4dr conv",
    ]
    assert {("0", "1r"), ("1", "concat"), ("2", "concat"), ("concat", "out"), ("-1", "out")} <= set(drawing.arrows)
    assert ("0", "concat") not in drawing.arrows


def test_arrows_to_later_cells_do_not_pass_the_second_exit() -> None:
    cell = read_cell("[(-2, '3x3 conv', -1, 'identity')]")
    drawing = draw_network(plan_network(cell, Macro(exits="two"), (3, 32, 32), 10))
    rows = {box.name: box.row for box in drawing.boxes}
    assert rows["e5"] <= min(row for name, row in rows.items() if name != "e5") - 1
    assert {row for name, row in rows.items() if name != "e5"} == {0.0}


def test_the_terminal_tells_the_plan() -> None:
    page = StringIO()
    print_plan(nested(), Console(width=120, file=page))
    text = page.getvalue()
    plan = nested()
    for part in ("lstm of lookback -2", "+ lookback -1 (residual)", "reduction", "8x10", f"{plan.trainable:,}"):
        assert part in text
    assert text.count("exit behind") == 2


def test_a_block_that_is_read_again_is_not_written_out_again() -> None:
    """Else the lines would double with each of these blocks."""
    blocks = ";".join(f"({i}, 'identity', {i}, '3 conv')" for i in range(-1, 39))
    page = StringIO()
    print_plan(plan_network(read_cell(f"[{blocks}]"), Macro(2, 1, 1), (1, 4)), Console(width=600, file=page))
    assert page.getvalue().count("block 0\n") == 1
    assert page.getvalue().count("block 38, as above") == 1


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_picture_is_written(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"cell.{ending}"
    save_picture(nested(), path)
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(start)
    if ending == "svg":
        before = path.read_bytes()
        assert b"7:4dr conv" in before
        save_picture(nested(), path)
        assert path.read_bytes() == before


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ends in \.png, \.svg, \.pdf"):
        save_picture(nested(), tmp_path / "cell.doc")
    with pytest.raises(ConfigError, match="expected a file that can be written, got No such file"):
        save_picture(nested(), tmp_path / "none" / "cell.png")


def test_the_command_tells_the_published_count(tmp_path: Path) -> None:
    text = shown(ANCHOR, "--no-residual", "--out", str(tmp_path / "a.svg"))
    assert "273,418 (274,474 with running statistics)" in text
    assert (tmp_path / "a.svg").exists()
    data = json.loads(shown(ANCHOR, "--no-residual", "--json"))
    assert data["parameters_with_statistics"] == 274_474
    assert [cell["position"] for cell in data["cells"]] == [1, 3, 5, 7]
    assert (data["classes"], data["multiply_adds"]) == (10, 22_561_728)
    assert data["unread"] == [0, 2, 4, 6]
    assert "nothing reads it: cells 0, 2, 4, 6 (of 0 to 7); a normal cell that reads past a reduction halves" in text


def test_unread_cells_are_told_only_where_there_are_any() -> None:
    assert "not built" not in shown("[(-1, '3x3 conv', -1, 'identity')]")
    text = shown("[(-2, '3x3 conv', -2, 'identity')]", "--motifs", "1", "--normal-cells", "2")
    assert "not built, for nothing reads it: cell 0 (of 0 to 1)\n" in text


def test_input_and_classes_come_from_a_problem() -> None:
    data = json.loads(shown("[(-1, '3x3 conv', -1, 'identity')]", "--problem", "digits-class", "--json"))
    assert data["input"] == [1, 8, 8]
    assert len(data["exits"]) == 1
    assert shown("[]", "--input", "4x9", "--classes", "0").startswith("the empty cell")


def test_an_input_that_may_be_meant_otherwise_is_remarked_upon() -> None:
    cell = "[(-1, '3x3 conv', -1, 'identity')]"
    ran = CliRunner().invoke(app, ["cell", "show", cell, "--input", "32x32x3", "--json"], catch_exceptions=False)
    assert ran.stderr == "note: 32x32x3 is read as 32 channels of 32x3; channels come first, perhaps 3x32x32\n"
    assert json.loads(ran.stdout)["input"] == [32, 32, 3]
    words = ["cell", "show", cell, "--problem", "digits-class", "--input", "3x16x16", "--json"]
    ran = CliRunner().invoke(app, words, catch_exceptions=False)
    assert ran.stderr == "note: --input 3x16x16 goes before that of digits-class\n"
    assert json.loads(ran.stdout)["input"] == [3, 16, 16]
    assert not CliRunner().invoke(app, ["cell", "show", cell, "--input", "3x16x16"]).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--input", "3"], "expected channels and extent"),
        (["--input", "3x0"], "expected channels and extent"),
        (["--classes", "-1"], "expected 2 or more, or 0"),
        (["--classes", "1"], "expected 2 or more, or 0 for no classifier, got 1"),
        (["--input", "3x4x4", "--motifs", "4"], "use fewer motifs"),
        (["--input", "3x9"], "for series, got '3x3 conv', which is for images; write one such as '7 conv', or give"),
        (["--filters", "0"], "filters: expected 1 or more, got 0"),
        (["--normal-cells", "0"], "normal_cells: expected 1 or more, got 0"),
        (["--problem", "abalone"], "expected one image or series"),
    ],
)
def test_wrong_words_are_refused(words: list[str], message: str) -> None:
    ran = CliRunner().invoke(app, ["cell", "show", ANCHOR, *words])
    assert ran.exit_code != 0
    assert message in str(ran.exception)
