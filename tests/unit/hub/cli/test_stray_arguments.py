"""An argument that is too many is told also where an option is missing, with the option that it is meant for."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from hub.cli.main import app

pytestmark = pytest.mark.unit

STRAY = {
    "a folder": (
        "policy export current DIR",
        "Missing option '--out'. Too many arguments: DIR; did you mean --out DIR?",
    ),
    "two": ("policy export 3 a b", "Missing option '--out'. Too many arguments: a b; did you mean --out a?"),
    "of two options that are missing": ("policy explain Person.name app", "'--app'. Too many arguments: app; did you"),
    "one option is there": (
        "policy explain Person.name --app app x",
        "'--purpose'. Too many arguments: x; did you mean",
    ),
    "a county": ("sample county", "Missing option '--out'. Too many arguments: county; did you mean --out county?"),
    "an application": ("token app", "Missing option '--app'. Too many arguments: app; did you mean --app app?"),
    "a key": ("audit verify-export out k.pub", "'--key'. Too many arguments: k.pub; did you mean --key k.pub?"),
    "what controls a terminal": ("token \x1b[31m", r"Too many arguments: '\u001b[31m'; did you"),
    "nothing stray": ("policy export current", "Error: Missing option '--out'.\n"),
    "an argument is missing": ("policy export --out o", "Error: Missing argument 'NUMBER'.\n"),
    "nothing missing": ("policy export current DIR --out o", "Got unexpected extra argument(s) (DIR)"),
    "an option of another type": ("sample --out o --people many x", "Error: Invalid value for '--people': "),
}


@pytest.mark.parametrize(("typed", "told"), STRAY.values(), ids=STRAY.keys())
def test_a_stray_argument_is_told_with_the_option_it_is_meant_for(typed: str, told: str) -> None:
    refused = CliRunner().invoke(app, typed.split(" "))
    assert refused.exit_code == 2
    assert told in refused.stderr
    assert refused.stdout == ""
    assert ("did you" in told) == ("did you mean" in refused.stderr)
