"""Names that are in no table: each is refused with the nearest ones, before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from .cases import Case, refuse, run_file, table, text

CASES = (
    Case("problem", "run digit", "unknown problem or run file 'digit': did you mean digits"),
    Case("problem in a file", "check bad.toml", "bad.toml: unknown problem 'digit'.*digits",
        run_file(problem='problem = "digit"')),
    Case("no problem at all", "run bad.toml", "bad.toml: expected the key 'problem', got none; name",
        run_file(problem="")),
    Case("search", "run digits --search hill-climb", "unknown search 'hill-climb': did you mean hill-climbing"),
    Case("start", "run digits --start wiide", "unknown start 'wiide': did you mean wide"),
    Case("chooser", "run digits --chooser guide", "unknown chooser 'guide': did you mean guided"),
    Case("acceptance", "run digits --accept majorty", "unknown acceptance rule 'majorty': did you mean majority"),
    Case("policy", "run digits --rejected disc", "unknown policy for rejected training 'disc': did you mean discard"),
    Case("schedule", "run digits --schedule linar", "unknown schedule 'linar': did you mean linear"),
    Case("balancing", "run digits --balancing gradnrom", "unknown balancing .gradnrom.: did you mean gradnorm"),
    Case("loss weights of no output", "check bad.toml", "loss_weights.*",
        run_file("balancing = \"fixed\"", "[loss_weights]", "digitt = 2.0")),
    Case("algorithm", "run digits --algorithm adan", "unknown algorithm 'adan': did you mean adam"),
    Case("device", "run digits --device cudo", "expected a device auto, cpu, cuda.*got 'cudo'; did you mean cuda"),
    Case("a device that is not there", "run digits --device cuda:99", "expected one of . CUDA devices, got 'cuda:99'"),
    Case("key", "run bad.toml", "bad.toml: unknown key 'step': did you mean steps", run_file("step = 3")),
    Case("key of the space", "run bad.toml", "bad.toml: unknown key of .space. 'max_with'.*max_width",
        run_file("[space]", "max_with = 3")),
    Case("network kind", "run bad.toml", "unknown network kind 'dens': did you mean dense. .of cell, decoder, dense.",
        run_file("[space]", 'networks = ["dens"]')),
    Case("activation", "run bad.toml", "expected activations among relu.*got rely",
        run_file("[space]", 'activations = ["rely"]')),
    Case("operator", "run bad.toml", "unknown operator 'add_layer': did you mean add_layer/",
        run_file('operators = ["add_layer"]')),
    Case("operator twice", "run bad.toml", "expected a name of its own, got 'add_layer/gentle'",
        run_file('operators = ["add_layer/gentle"]')),
    Case("module that is not there", "run nowhere.module:problem",
        "cannot load 'nowhere.module:problem'.*expected package.module:Name"),
    Case("module without the name", "run os:problem", "cannot load 'os:problem'.*expected package.module:Name"),
    Case("no module", "run :problem", "cannot load ':problem'.*expected package.module:Name"),
    Case("no problem behind the name", "run os:getcwd",
        "cannot use 'os:getcwd': expected it to make a Problem, got str"),
    Case("no problem, checked", "check bad.toml", "cannot use 'os:getcwd': expected.*Problem",
        run_file(problem='problem = "os:getcwd"')),
    Case("no chooser behind the name", "run digits --chooser os:getcwd",
        "cannot use 'os:getcwd': expected it to make a Chooser"),
    Case("no search behind the name", "run digits --search builtins:dict",
        "cannot use 'builtins:dict': expected.*Search, got dict"),
    Case("a chooser that cannot be made", "run digits --chooser datetime:date",
        "cannot make 'datetime:date': .*expected a complete"),
    Case("a plug-in that breaks on import", "run broken_on_import:problem",
        "cannot load 'broken_on_import:problem': no luck",
        text("broken_on_import.py", "raise RuntimeError('no luck')\n")),
    Case("command", "lst", "No such command 'lst'.*see `valpnas --help`"),
    Case("option", "run digits --step 3", "No such option.*--step.*see `valpnas run --help`"),
    Case("no argument", "show", "Missing argument 'RUN'.*see `valpnas show --help`"),
    Case("problem to fetch", "fetch mnis", "unknown problem 'mnis': did you mean mnist"),
    Case("problem to compare", "compare digit --choosers random,guided",
        "unknown problem or compare file 'digit'.*digits"),
)  # fmt: skip


@table(*CASES)
def test_a_name_in_no_table_is_refused(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    refuse(case, tmp_path)
