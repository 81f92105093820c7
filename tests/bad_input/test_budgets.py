"""Numbers no run could keep to, and values of the wrong type: refused by the name of their key."""

from __future__ import annotations

from pathlib import Path

from .cases import Case, refuse, run_file, table


def value(line: str, match: str) -> Case:
    """A run file with one impossible line."""
    return Case(line, "run bad.toml", rf"bad\.toml: {match}", run_file(*line.split("; ")))


CASES = (
    Case("--steps -1", "run digits --steps -1", "steps: expected at least 0, got -1"),
    Case("--steps 1.5", "run digits --steps 1.5",
        "Invalid value for '--steps'.*valid integer.*see `valpnas run --help`"),
    Case("--steps many", "run digits --steps many", "Invalid value for '--steps'.*valid integer"),
    Case("--initial-batches 0", "run digits --initial-batches 0", "initial_batches: expected at least 1, got 0"),
    Case("--batches-per-step 0", "run digits --batches-per-step 0", "batches_per_step: expected at least 1, got 0"),
    Case("--batch-size -5", "run digits --batch-size -5", "batch_size: expected at least 1, got -5"),
    Case("--seed -1", "run digits --seed -1", "seed: expected at least 0, got -1"),
    Case("--start-parameters 3", "run digits --start wide --start-parameters 3",
        "start_parameters: expected at least [0-9]+"),
    Case("--learning-rate nan", "run digits --learning-rate nan", "learning_rate: expected a positive .*got nan"),
    Case("--learning-rate inf", "run digits --learning-rate inf", "learning_rate: expected a positive .*got inf"),
    Case("--learning-rate -1", "run digits --learning-rate -1", "learning_rate: expected a positive number, or 0 to"),
    Case("--time-limit -1", "run digits --time-limit -1", "time_limit: expected seconds >= 0 .*got -1"),
    Case("--time-limit nan", "run digits --time-limit nan", "time_limit: expected seconds >= 0 .*got nan"),
    Case("--final-decay 2", "run digits --final-decay 2",
        r"final_decay: expected a part of the run in \(0, 1\], got 2"),
    Case("--final-decay nan", "run digits --final-decay nan", r"final_decay: expected a part .*got nan"),
    Case("more steps than an integer", f"run digits --steps {2**63}", f"steps: expected at most {2**63 - 1}, got"),
    Case("a seed of a hundred digits", f"run digits --seed {10**100}", "seed: expected at most"),
    Case("more digits than Python reads", f"run digits --steps {'9' * 5000}", "Invalid value for '--steps'"),
    value("steps = 1e3", "steps: expected a whole number, got 1000.0"),
    value('steps = "3"', "steps: expected a whole number, got '3'"),
    value("steps = true", "steps: expected a whole number, got True"),
    value("steps = [3]", r"steps: expected a whole number, got \[3\]"),
    value("steps = 2026-11-22", "steps: expected a whole number, got datetime"),
    value(f"steps = {10**30}", "steps: expected at most"),
    value(f"steps = {'9' * 5000}", "expected TOML, got .*digits.*correct the file"),
    value("balancing = \"fixed\"; [loss_weights]; digit = -1.0",
        "loss_weights.digit: expected a positive number, got -1.0"),
    value("[loss_weights]; digit = \"much\"", "loss_weights"),
    value("quiet = 1", "quiet: expected true or false, got 1"),
    value("chooser = 3", "chooser: expected a string, got 3"),
    value("learning_rate = '1e-3'", "learning_rate: expected a number, got '1e-3'"),
    value(f"learning_rate = 1{'0' * 400}", "learning_rate: expected a number, got 10"),
    value("learning_rate = 1e400", "learning_rate: expected a positive number, or 0 to have one found, got inf"),
    value("time_limit = -inf", "time_limit: expected seconds >= 0"),
    value('operators = "add"', "operators: expected a list of strings, got 'add'"),
    value("operators = [3]", r"operators: expected a list of strings, got \[3\]"),
    value("space = 3", "expected a table for each key of .space., got 3"),
    value('out = "a\\u0000b"', "out: expected a path, got .*null"),
    value("[space]; min_width = 0", "expected 1 <= min_width <= max_width, got 0 and 128"),
    value("[space]; min_width = 200", "expected 1 <= min_width <= max_width, got 200 and 128"),
    value("[space]; max_width = 1000000000000",
        "max_width: expected at most 1,000,000, got 1,000,000,000,000; lower it"),
    value("[space]; max_layers = 1000000", "max_layers: expected at most 1,000, got 1,000,000"),
    value("[space]; networks = []", "expected kinds, activations and non-negative limits"),
    value("[space]; max_networks = 0", "expected kinds, activations and non-negative limits"),
)  # fmt: skip


@table(*CASES)
def test_an_impossible_value_is_refused(case: Case, tmp_path: Path) -> None:
    refuse(case, tmp_path)


SPACES = (
    Case("no room", "run bad.toml", "max_parameters: expected room for .* smallest found has [0-9,]+, got 1; raise it",
        run_file('start = "random"', "[space]", "max_parameters = 1")),
    Case("no room, checked", "check bad.toml", "bad.toml: max_parameters: expected room for",
        run_file('start = "random"', "[space]", "max_parameters = 1000")),
    Case("hardly any room", "check bad.toml",
        "start_parameters: expected a random model of 1,125 to 1,875 weights within .space., the nearest found has ",
        run_file("[space]", "max_parameters = 2000")),
    Case("no room for the start", "check bad.toml", "max_parameters: expected room for the start",
        run_file('start = "wide"', "[space]", "max_parameters = 1000")),
)  # fmt: skip


@table(*SPACES)
def test_a_space_that_cannot_hold_the_problem_is_refused(case: Case, tmp_path: Path) -> None:
    refuse(case, tmp_path)
