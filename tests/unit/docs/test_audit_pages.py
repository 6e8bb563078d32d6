"""docs/audit.md says what the code does: fields, kinds, words of a verdict, codes, deadlines."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from audit import publish, verify
from audit.record import KINDS, MAX_BYTES, VERSION, Coordinates, Record
from audit.stores import sqlite_file
from audit.stores.base import REMEDIES
from hub.errors import RULES, Code
from hub.home.settings import Settings
from hub.request import floods

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[3] / "docs" / "audit.md").read_text("utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """What stands as code in the first column of a table."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [word for row in rows for word in re.findall("`([^`]+)`", row)]


def test_each_field_of_a_record_is_said() -> None:
    assert sorted(first_cells(section("The format of a record"))) == sorted(f.name for f in fields(Record))
    for effect in fields(Coordinates):
        assert f"`{effect.name}`" in section("The format of a record")


def test_each_kind_is_said() -> None:
    assert first_cells(section("What is recorded")) == list(KINDS)


def test_each_word_of_a_verdict_is_said() -> None:
    said = set(first_cells(section("Receipts and proofs"))) - {"GET /audit/checkpoint"}
    told = verify.Verdict.__doc__ or ""
    assert get_args(get_type_hints(verify.Verdict)["why"]), "a word or none"
    for word in (each for each in said if not each.startswith("GET ")):
        assert re.search(rf"\b{word}\b", told), word
    for word in re.findall(r"[a-z-]+(?=[,;:( ]|$)", told.partition("is one of:")[2].partition(" (a record)")[0]):
        assert word in said, word


def test_the_figures_are_those_in_force() -> None:
    deadline = Settings.model_fields["audit_deadline"].default
    for text in (
        f"at most {MAX_BYTES:,} bytes",
        f"Version {VERSION};",
        f"after {deadline:.0f} seconds at most",
        f"in no checkpoint after {publish.OVERDUE_SECONDS:.0f} seconds",
        f"faster\nthan {floods.LEAK:.0f} a second, after a first {floods.BURST},",
        f"a reserve of {sqlite_file.RESERVE_BYTES // 2**20} MiB",
    ):
        assert text in PAGE, text
    assert publish.INTERVAL_SECONDS < 1


def test_what_an_operator_meets_is_said() -> None:
    said = section("When the log cannot be written")
    for code in ("PUT_BACK", "NO_RECORDED_HEAD", "FORKED", "FOREIGN", "NO_PARTITION", "SPENT"):
        assert code in REMEDIES
        assert f"`{code}`" in said, code


@pytest.mark.parametrize("code", [Code.PROOF_UNKNOWN, Code.TILE_UNKNOWN, Code.TOO_MANY_REQUESTS, Code.METHOD])
def test_the_codes_of_the_pages_are_said(code: Code) -> None:
    assert re.search(rf"`{code}` \(?{RULES[code].http_status}", section("Receipts and proofs"))


def test_every_link_leads_somewhere() -> None:
    docs = Path(__file__).parents[3] / "docs"
    for target in re.findall(r"\]\((?!https)([^)#]+)", PAGE):
        assert (docs / target).exists(), target


def test_the_program_is_as_long_as_it_says() -> None:
    lines = (Path(__file__).parents[2] / "conformance" / "golog" / "main.go").read_text("utf-8").count("\n")
    said = re.search(r"complete\s+program\s+of\s+(\d+)\s+lines", PAGE)
    assert said is not None
    assert abs(lines - int(said[1])) <= 20
