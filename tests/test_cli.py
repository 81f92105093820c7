"""The command line: what each command prints, its exit codes, and one line per error."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.file_server import serve
from valpnas import catalog
from valpnas.cli import main
from valpnas.contracts.data_files import DataFile
from valpnas.report.listing import as_text

TINY = ("--steps", "2", "--initial-batches", "12", "--batches-per-step", "6")
KEYS = {"steps", "accepted", "evaluations", "batches", "seconds", "front", "hypervolume"}


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def valpnas(*words: str | Path, folder: Path) -> Done:
    """Run the program's entry point in ``folder``, in this process: importing torch anew costs seconds."""
    out, err = io.StringIO(), io.StringIO()
    argv, sys.argv = sys.argv, ["valpnas", *map(str, words)]
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _exit_code()
    finally:
        sys.argv = argv
    return Done(code, out.getvalue(), err.getvalue())


def _exit_code() -> int:
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one tiny run was made."""
    folder = tmp_path_factory.mktemp("cli")
    done = valpnas("run", "digits", *TINY, "--out", "runs/one", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    (folder / "printed.json").write_text(done.stdout)
    return folder


def test_run_prints_json_alone_on_stdout(made: Path) -> None:
    """A script reads it without cutting anything away."""
    printed = json.loads((made / "printed.json").read_text())
    assert set(printed) >= KEYS
    assert printed["steps"] == 2
    assert printed["batches"] == 48  # of three starts and two steps
    assert set(printed["seconds"]) == {"training", "evaluation", "diagnostics", "other"}
    assert all(set(member["validation"]) == set(member["test"]) for member in printed["front"])


def test_show_prints_what_run_printed(made: Path) -> None:
    """The directory is all that a run is."""
    shown = valpnas("show", "runs/one", "--json", folder=made)
    assert json.loads(shown.stdout) == json.loads((made / "printed.json").read_text())
    table = valpnas("show", "runs/one", folder=made)
    assert table.returncode == 0
    assert "front of digits" in table.stdout
    assert "2 of 2 steps (ended)" in table.stdout


def test_list_shows_the_run(made: Path) -> None:
    """One row per run, also as JSON."""
    rows = json.loads(valpnas("list", "--json", folder=made).stdout)
    assert [(row["run"], row["problem"], row["ended"]) for row in rows] == [("runs/one", "digits", True)]
    assert [(row["search"], row["chooser"], row["unit"]) for row in rows] == [("hill-climbing", "by-gap", "steps")]
    text = valpnas("list", folder=made).stdout
    assert "runs/one  digits" in text
    assert "2 steps" in text


def test_list_says_what_was_done_in_its_unit(made: Path, tmp_path: Path) -> None:
    """A search without a chooser shows none; a summary that another version kept is made anew."""
    state = json.loads((made / "runs/one/state.json").read_text())
    shutil.copytree(made / "runs/one", tmp_path / "one")
    (tmp_path / "one/state.json").write_text(json.dumps({**state, "format": "", "problem": "another"}))
    assert json.loads(valpnas("list", ".", "--json", folder=tmp_path).stdout)[0]["problem"] == "digits"
    row = {"run": "a", "chooser": "", "steps": 1, "unit": "blocks", "ended": True, "hypervolume": 0.5}
    assert as_text(row) == {"run": "a", "chooser": "", "done": "1 block", "ended": True, "hypervolume": "0.5000"}


def test_show_says_how_many_changes_were_accepted(made: Path) -> None:
    changes = json.loads((made / "printed.json").read_text())["changes"]
    counts = [sum(of[verdict] for of in changes.values()) for verdict in ("accepted", "rejected")]
    shown = valpnas("show", "runs/one", folder=made).stdout
    assert f"{counts[0]} accepted, {counts[1]} rejected; accepted: " in shown
    assert "rejected; accepted" not in valpnas("show", "runs/one", "--last", "0", folder=made).stdout


def test_resume_raises_the_budget(made: Path, tmp_path: Path) -> None:
    """More steps, the same run; fewer are refused."""
    done = valpnas("run", "digits", *TINY, "--out", tmp_path / "run", "--quiet", folder=made)
    assert done.returncode == 0, done.stderr
    more = valpnas("resume", tmp_path / "run", "--steps", "3", "--json", folder=made)
    assert json.loads(more.stdout)["steps"] == 3
    fewer = valpnas("resume", tmp_path / "run", "--steps", "1", folder=made)
    assert (fewer.returncode, fewer.stderr.count("\n")) == (2, 1)
    assert "a budget can only be raised" in fewer.stderr


def test_quiet_prints_the_result_alone(made: Path, tmp_path: Path) -> None:
    """No bar, no message."""
    done = valpnas("run", "digits", *TINY, "--out", tmp_path / "run", "--quiet", folder=made)
    assert done.stderr == ""
    assert "front of digits" in done.stdout


def test_messages_name_problem_device_and_folder(made: Path, tmp_path: Path) -> None:
    """A person sees at once what runs where."""
    done = valpnas("run", "digits", *TINY, "--out", tmp_path / "run", "--device", "cpu", folder=made)
    assert "training rows on cpu" in done.stderr
    assert str(tmp_path / "run") in done.stderr


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("problems", {"digits", "student"}),
        ("operators", {"clone_network/gentle", "delete_network", "change_lr"}),
        ("diagnostics", {"loss_slope", "module_intervention"}),
        (
            "searches",
            {
                "hill-climbing",
                "guided",
                "random",
                "random-gentle",
                "grow",
                "grow-depth",
                "train-only",
                "archive",
                "gentle",
                "always",
            },
        ),
        ("searches", {"predicted", "processes", "shared"}),
        ("searches", {"sum", "fixed", "uncertainty", "gradnorm"}),
    ],
)
def test_tables_list_what_there_is(command: str, names: set[str], tmp_path: Path) -> None:
    """For people and as JSON, each with a sentence."""
    rows = json.loads(valpnas(command, "--json", folder=tmp_path).stdout)
    assert names <= {row["name"] for row in rows}
    assert all(row["summary"] for row in rows)
    text = valpnas(command, folder=tmp_path).stdout
    assert all(name in text for name in names)


def test_searches_mark_what_a_run_has_where_nothing_is_said(tmp_path: Path) -> None:
    rows = json.loads(valpnas("searches", "--json", folder=tmp_path).stdout)
    usual = {(row["option"], row["name"]) for row in rows if row["default"]}
    assert {("--search", "hill-climbing"), ("--chooser", "by-gap"), ("--accept", "gentle")} <= usual
    assert {name for option, name in usual if option == "--start"} == {"deep", "random-sized"}
    assert "--chooser      by-gap             default" in valpnas("searches", folder=tmp_path).stdout


def test_problems_as_json_say_which_files_they_need(tmp_path: Path) -> None:
    """For people who fetch them by other means: the checksum is that of the unpacked content."""
    rows = {row["name"]: row["files"] for row in json.loads(valpnas("problems", "--json", folder=tmp_path).stdout)}
    assert rows["digits"] == []
    assert [file["name"] for file in rows["student"]] == ["student-por.csv"]
    assert len(rows["mnist"]) == len(rows["fashion-mnist"]) == 4
    assert all(set(file) == {"name", "folder", "url", "sha256"} for files in rows.values() for file in files)


def test_fetch_finds_what_is_there_and_fetches_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From an address on this machine: the tests need no network."""
    content = b"1,2\n"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "b.csv").write_bytes(content)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    with serve({"a.csv": content}, monkeypatch) as address:
        needed = [DataFile(name, address + name, hashlib.sha256(content).hexdigest()) for name in ("a.csv", "b.csv")]
        problem = replace(catalog.problem("digits"), files=tuple(needed))
        monkeypatch.setattr(catalog, "problem", lambda *_: problem)
        done = valpnas("fetch", "mine", "--data-dir", "mine", "--json", folder=tmp_path)
    paths = [str(tmp_path / "cache" / "valpnas" / "a.csv"), str(Path("mine") / "b.csv")]
    assert [row["path"] for row in json.loads(done.stdout)] == paths
    text = valpnas("fetch", "mine", "--data-dir", "mine", folder=tmp_path).stdout
    rows = [line.split() for line in text.splitlines()]
    told = [["mine", file, path, "SHA-256"] for file, path in zip(("a.csv", "b.csv"), paths, strict=True)]
    assert rows == [["problem", "file", "path", "checked"], *told]


def test_fetch_says_in_one_line_what_it_cannot_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, address, folder."""
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    problem = replace(catalog.problem("digits"), files=(DataFile("a.csv", "http://127.0.0.1:9/a.csv", "0", "tables"),))
    monkeypatch.setattr(catalog, "problem", lambda *_: problem)
    done = valpnas("fetch", "mine", "--data-dir", tmp_path, folder=tmp_path)
    advice = f"put a.csv into {tmp_path / 'tables'}"
    reason = "expected a.csv, got no answer (ConnectionError) from http://127.0.0.1:9/a.csv"
    assert (done.returncode, done.stderr) == (2, f"valpnas: {reason}; {advice}\n")


def test_fetch_of_a_problem_without_files(tmp_path: Path) -> None:
    """Nothing to do is no error."""
    assert valpnas("fetch", "digits", folder=tmp_path).stdout == "no files are needed\n"
    assert valpnas("fetch", "digits", "--json", folder=tmp_path).stdout == "[]\n"


def test_check_reads_run_files_without_running_them(tmp_path: Path) -> None:
    """A good file passes; a bad name is one line and exit code 2."""
    (tmp_path / "good.toml").write_text('problem = "digits"\n')
    (tmp_path / "bad.toml").write_text('problem = "digits"\nchooser = "guide"\n')
    assert "a valid run file" in valpnas("check", "good.toml", folder=tmp_path).stdout
    bad = valpnas("check", "good.toml", "bad.toml", folder=tmp_path)
    assert bad.returncode == 2
    assert "unknown chooser 'guide': did you mean guided" in bad.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('balancing = "gradnom"', "unknown balancing 'gradnom': did you mean gradnorm"),
        ("[loss_weights]\ndigit = 2.0", "loss_weights: expected none with balancing = 'sum', got digit"),
        ('balancing = "fixed"\n[loss_weights]\ndigits = 2.0', "unknown output in [loss_weights] 'digits'"),
        ('balancing = "fixed"\n[loss_weights]\ndigit = -2.0', "loss_weights.digit: expected a positive number"),
    ],
)
def test_check_finds_what_cannot_be_balanced(text: str, message: str, tmp_path: Path) -> None:
    """In a run file and in an arm of a compare file."""
    (tmp_path / "run.toml").write_text(f'problem = "digits"\n{text}\n')
    arm = text.replace("[loss_weights]", "[arms.b.loss_weights]")
    keys = 'format = "valpnas-compare/1"\nproblem = "digits"\n[arms.a]\n[arms.b]\n'
    (tmp_path / "compare.toml").write_text(f"{keys}{arm}\n")
    for file in ("run.toml", "compare.toml"):
        bad = valpnas("check", file, folder=tmp_path)
        assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)
        assert message in bad.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "digit"), "unknown problem or run file 'digit': did you mean digits"),
        (("run", "none.toml"), "none.toml: expected a run file"),
        (("run", "digits", "--chooser", "guied"), "did you mean guided"),
        (("run", "digits", "--search", "hill"), "unknown search 'hill'"),
        (("run", "digits", "--accept", "archiv"), "did you mean archive"),
        (("run", "digits", "--rejected", "keep"), "unknown policy for rejected training"),
        (("run", "digits", "--algorithm", "adan"), "did you mean adam"),
        (
            ("run", "digits", "--schedule", "step"),
            "unknown schedule 'step': known: constant, cosine, cosine-",
        ),
        (("run", "digits", "--balancing", "gradnrom"), "unknown balancing 'gradnrom': did you mean gradnorm"),
        (("compare", "digits", "--choosers", "random,guided", "--balancing", "sun", "-q"), "did you mean sum"),
        (("run", "digits", "--steps", "-1"), "steps: expected at least 0, got -1"),
        (("run", "digits", "--learning-rate", "-1"), "learning_rate: expected a positive number, or 0"),
        (("run", "digits", "--workers", "2"), "workers: expected at most 1 with executor = 'serial', got 2"),
        (("run", "digits", "--device", "tpu"), "expected a device auto, cpu, cuda"),
        (("run", "digits", "--device", "cuda:77"), "CUDA devices"),
        (("run", "digits", "--data-dir", "none"), "expected a folder of data files that exists, got none"),
        (
            ("cell", "show", "[]", "--data-dir", "none"),
            "expected a folder of data files that exists, got none; make it",
        ),
        (("run", "ecg5000"), "unknown problem or run file 'ecg5000': did you mean ucr:ECG5000?"),
        (("cell", "train", "[]", "--problem", "digits"), "did you mean digits-class?"),
        (("run", "nowhere.module:problem"), "cannot load 'nowhere.module:problem'"),
        (("show", "nothing"), "expected a run directory"),
        (("resume", "nothing"), "expected a run directory"),
        (("list", "nothing"), "expected a folder that holds run directories"),
    ],
)
def test_errors_are_one_line_with_exit_code_2(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    """Expected, came, do - and no traceback."""
    failed = valpnas(*words, folder=tmp_path)
    assert failed.returncode == 2
    assert message in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("words", [(), ("cell",)])
def test_without_a_command_the_help_is_all(words: tuple[str, ...], tmp_path: Path) -> None:
    done = valpnas(*words, folder=tmp_path)
    assert done.returncode == 2
    assert "Usage: " in done.stdout + done.stderr
    assert "valpnas: " not in done.stderr


def test_an_occupied_folder_is_not_overwritten(made: Path) -> None:
    """A run is never written over."""
    failed = valpnas("run", "digits", *TINY, "--out", "runs/one", folder=made)
    assert failed.returncode == 2
    assert "choose another --out" in failed.stderr


def test_the_program_itself_ends_with_the_exit_code(tmp_path: Path) -> None:
    """The same through the operating system: one line, exit code 2."""
    command = [sys.executable, "-P", "-c", "from valpnas.cli import main; main()", "show", "nothing"]
    failed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (failed.returncode, failed.stdout, failed.stderr.count("\n")) == (2, "", 1)
