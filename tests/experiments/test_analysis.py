"""The analysis and its notes: losing is losing, ties are ties, and what cannot be known is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from valpnas.experiments.analysis import analyse
from valpnas.experiments.arms import Arm
from valpnas.experiments.comparison import Options
from valpnas.experiments.duel import Block, Duel
from valpnas.experiments.notes import headlines, notes
from valpnas.experiments.points import Point
from valpnas.experiments.record import Record
from valpnas.experiments.statistics import holm
from valpnas.experiments.tuning import choose, on_tuning

from .fabricate import comparison, point, record, untested


def run_of(arm: str, pair: int, last: float, **more: Any) -> list[Point]:
    """A run whose objectives fall from .9 to ``last`` in two steps."""
    return [point((arm, pair), step, a=v, b=v, **more) for step, v in enumerate((0.9, (0.9 + last) / 2, last))]


def made(path: Path, pairs: int = 8, arms: tuple[str, ...] = ("x", "y"), **more: Any) -> Record:
    """A record in which y beats x in every pair, by another margin each time, and z equals x."""
    lasts = {"x": lambda pair: 0.5 + 0.01 * pair, "y": lambda pair: 0.2 + 0.02 * pair}
    runs = [run_of(arm, pair, lasts.get(arm, lasts["x"])(pair), **more) for pair in range(pairs) for arm in arms]
    return record(path / "r.csv", comparison(*arms, pairs=pairs), [p for run in runs for p in run])


def last_duel(blocks: tuple[Block, ...], part: str = "validation") -> Duel:
    (block,) = [b for b in blocks if str(b.checkpoint) == "step 2"]
    (duel,) = [d for d in block.duels if d.part == part]
    return duel


def test_losing_is_called_losing(tmp_path: Path) -> None:
    duel = last_duel(analyse(made(tmp_path, pairs=14), Options()))
    assert (duel.one, duel.other, duel.verdict) == ("x", "y", "loses")
    assert (duel.figures.wins, duel.figures.losses, duel.figures.effect) == (0, 14, -1.0)
    assert duel.figures.p == 2.0**-13
    assert (duel.pairwise, duel.pooled) == ((0.0, 1.0), (0, 1))


def test_a_difference_in_every_one_of_few_pairs_is_not_significant(tmp_path: Path) -> None:
    duel = last_duel(analyse(made(tmp_path, pairs=4), Options()))
    assert duel.figures.effect == -1.0
    assert duel.verdict == "not significant"


def test_equal_arms_are_called_equal(tmp_path: Path) -> None:
    blocks = analyse(made(tmp_path, arms=("x", "z")), Options())
    assert last_duel(blocks).verdict == "equal in every pair"
    assert {duel.corrected for block in blocks for duel in block.duels} == {1.0}


def test_p_is_corrected_within_families_that_were_fixed_beforehand(tmp_path: Path) -> None:
    blocks = analyse(made(tmp_path, arms=("x", "y", "z")), Options(checkpoints=(1, 2)))
    duels = [duel for block in blocks for duel in block.duels]
    assert len(duels) == 3 * 2 * len(blocks)
    assert len(blocks) == 2 + 3
    primary = [duel for duel in duels if duel.primary]
    assert primary == [duel for duel in blocks[1].duels if duel.part == "test"]  # at the last step
    for family in (primary, [duel for duel in duels if not duel.primary]):
        assert [duel.corrected for duel in family] == pytest.approx(holm([duel.figures.p for duel in family]))


def test_against_one_arm_there_are_fewer_comparisons(tmp_path: Path) -> None:
    kept = made(tmp_path, arms=("x", "y", "z"))
    all_pairs, few = (analyse(kept, Options(checkpoints=(2,), against=name)) for name in ("", "y"))
    assert {(d.one, d.other) for block in few for d in block.duels} == {("x", "y"), ("z", "y")}
    one, other = (next(d for b in bs for d in b.duels if (d.one, d.other) == ("x", "y")) for bs in (all_pairs, few))
    assert other.corrected < one.corrected
    assert other.figures == one.figures


def test_figures_of_an_arm(tmp_path: Path) -> None:
    (block,) = [b for b in analyse(made(tmp_path, pairs=2), Options()) if str(b.checkpoint) == "step 2"]
    x, y = block.arms
    assert (x.front, x.parameters, x.batches, x.seconds) == (1.0, 1000, 40, 3.0)
    assert y.on["validation"].mean > x.on["validation"].mean
    assert (y.on["validation"].pairwise, y.on["test"].pooled) == (1.0, 1)


def test_models_without_test_figures_dominate_nothing_there_and_are_named(tmp_path: Path) -> None:
    kept = made(tmp_path)
    kept.points = [untested(p) if p.arm == "x" and p.pair == 3 else p for p in kept.points]
    blocks = analyse(kept, Options())
    end = next(block for block in blocks if str(block.checkpoint) == "step 2")
    (duel,) = (duel for duel in end.duels if duel.part == "test")
    assert duel.figures.pairs == len(kept.pairs)
    assert any(
        "1 chosen model has no finite figures on test rows" in note and "x pair 3" in note
        for note in notes(kept, blocks)
    )
    assert not any("no finite figures" in note for note in notes(made(tmp_path), blocks))


def test_a_run_whose_last_changes_failed_moves_no_checkpoint(tmp_path: Path) -> None:
    """Were they left out, the run would seem to have stopped earlier, and all others would be judged there."""
    whole = [*run_of("x", 0, 0.5), *run_of("y", 0, 0.4)]
    broken = [replace(p, validation={}, test={}, parameters=0) if p.arm == "y" and p.step else p for p in whole]
    ends = [
        [block.checkpoint for block in analyse(record(tmp_path / "r.csv", comparison("x", "y"), points), Options())]
        for points in (whole, broken)
    ]
    assert ends[0] == ends[1]


def test_comparisons_that_tuned_nothing_say_so(tmp_path: Path) -> None:
    tested, other = (Arm(name, {"chooser": "train-only", "learning_rate": 0.0}) for name in ("y", "z"))
    some, every = (record(tmp_path / "r.csv", comparison(*arms), []) for arms in (("x", tested), (other, tested)))
    assert "nothing was tuned, every arm ran at the rate and decay of its settings: " in said(made(tmp_path))
    assert "nothing was tuned, every run of y had a range test for its rate, " in "".join(notes(some, []))
    assert "nothing was tuned, every run had a range test for its rate, " in "".join(notes(every, []))


# -- notes ----------------------------------------------------------------------------------------------------


def said(kept: Record, **options: Any) -> str:
    return "\n".join(notes(kept, analyse(kept, Options(**options))))


def test_too_few_pairs_are_said_to_be_too_few(tmp_path: Path) -> None:
    text = said(made(tmp_path, pairs=3))
    assert "3 pairs: p cannot be below 0.25 in any one comparison, and not below 0.25 after" in text
    assert "Holm's correction over 1 primary comparison\n" in text
    assert "1 comparison is primary, fixed before any figure was seen" in text
    (tmp_path / "one").mkdir()
    assert "1 pair: p cannot be below" in said(made(tmp_path / "one", pairs=1))
    assert "so nothing here can be significant at 0.05, however large the difference: that takes 6 pairs" in text
    assert "nothing here can be significant" not in said(made(tmp_path, pairs=6))


def test_unequal_training_and_time_are_pointed_out(tmp_path: Path) -> None:
    kept = made(tmp_path)
    assert "equal steps are not equal training" not in said(kept)
    runs = [*run_of("x", 0, 0.5), *run_of("y", 0, 0.4, batches=500, seconds=30.0)]
    text = said(record(tmp_path / "q.csv", comparison("x", "y"), runs))
    assert "from 40 to 500 batches: equal steps are not equal training here" in text
    assert "from 3.0 to 30.0 seconds" in text


def test_a_busy_machine_gives_itself_away(tmp_path: Path) -> None:
    """The arms of a pair begin with the same model and the same training: its time should be the same."""
    assert "very same training" not in said(made(tmp_path))
    slow = [p if p.step else point(p.run, 0, 0.9, 0.9, seconds=2.5 * p.seconds) for p in run_of("y", 0, 0.4)]
    text = said(record(tmp_path / "q.csv", comparison("x", "y"), [*run_of("x", 0, 0.5), *slow]))
    assert "took up to 2.5 times as long" in text


def test_lost_runs_and_the_winners_size_are_told(tmp_path: Path) -> None:
    kept = made(tmp_path)
    kept.add_pair(99, run_of("y", 99, 0.4), {"x": "diverged"}, {"date": "later"})
    kept.winner = {"arm": "y", "parameters": 12345}
    text = said(kept)
    assert "x, pair 99: no model at all (diverged); counted as 0" in text
    assert "12,345 parameters, the median of y's fronts" in text
    assert "made in 2 sittings" in text


def test_headlines_give_the_order_and_what_is_certain(tmp_path: Path) -> None:
    validation, test, *_ = headlines(analyse(made(tmp_path, pairs=14), Options()))
    assert validation.startswith("validation, step 2, mean hypervolume: y 0.")
    assert validation.endswith("significant after Holm's correction: x loses against y")
    assert test.startswith("test, step 2")
    (few, *_) = headlines(analyse(made(tmp_path, pairs=3), Options()))
    assert few.endswith("correction: nothing")


# -- tuning ---------------------------------------------------------------------------------------------------


def rates(*values: float, best: float | None = None) -> list[tuple[str, tuple[tuple[str, float], ...], float]]:
    return [("x", (("learning_rate", v),), 1.0 if v == best else 0.5) for v in values]


def test_the_highest_mean_is_chosen() -> None:
    scores = [("x", (("learning_rate", 0.1),), s) for s in (0.9, 0.1)] + [("x", (("learning_rate", 0.2),), 0.6)]
    choice = choose(scores)["x"]
    assert choice["chosen"] == {"learning_rate": 0.2}
    assert choice["tried"] == [
        {"learning_rate": 0.1, "hypervolume": 0.5},
        {"learning_rate": 0.2, "hypervolume": 0.6},
    ]


@pytest.mark.parametrize(
    ("best", "doubt"), [(0.1, "is the lowest; a lower one"), (0.2, ""), (0.3, "is the highest; a higher one")]
)
def test_a_choice_at_the_edge_is_doubted(best: float, doubt: str) -> None:
    found = on_tuning(choose(rates(0.1, 0.2, 0.3, best=best)))
    assert (doubt in found[0]) if doubt else not found


def test_a_choice_among_equals_is_doubted_and_takes_the_lowest() -> None:
    choices = choose(rates(0.3, 0.1, 0.2))
    assert choices["x"]["chosen"] == {"learning_rate": 0.1}
    assert "could not tell" in on_tuning(choices)[0]


def test_one_rate_alone_is_no_doubt() -> None:
    assert on_tuning(choose(rates(0.1))) == []
