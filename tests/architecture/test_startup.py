"""What starting up costs: neither ``import valpnas`` nor ``valpnas --help`` nor a typing error waits for torch."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

HELP = "import sys; sys.argv = ['valpnas', '--help']; from valpnas.cli import main; main()"


def loads(code: str, module: str) -> bool:
    """Whether a fresh Python that runs ``code`` imports ``module``; the code must end well."""
    command = [sys.executable, "-X", "importtime", "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + "\n".join(ran.stderr.splitlines()[-20:])
    return re.search(rf"\| +{re.escape(module)}$", ran.stderr, re.MULTILINE) is not None


def test_import_does_not_load_torch() -> None:
    assert not loads("import valpnas", "torch")


def test_help_does_not_load_torch() -> None:
    assert not loads(HELP, "torch")


@pytest.mark.parametrize(
    "words",
    [
        "run digits --search nsga3x",
        "run digits --chooser guied",
        "run digits --without donate",
        "run digits --executor seriel",
        "run digitz",
        "compare digits --choosers random,guied",
        "cell train [] --problem digitz",
    ],
)
def test_an_unknown_name_does_not_wait_for_torch(words: str) -> None:
    refused = f"import sys; sys.argv = {['valpnas', *words.split()]}\nfrom valpnas.cli import main"
    assert not loads(f"{refused}\ntry:\n main()\nexcept SystemExit as end:\n assert end.code == 2", "torch")


def test_a_loaded_module_is_found() -> None:
    assert loads("def late():\n    import decimal\nlate()", "decimal")
    assert not loads("import json", "decimal")
