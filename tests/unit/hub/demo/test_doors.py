"""`make demo` prints a way into the console for each person who can sign in there."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from hub.demo.doors import FIRST_PAGES, doors_table
from hub.home.settings import Settings
from policies.language import load
from policies.stewards import Role
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit


def test_each_person_of_the_demo_has_a_link_and_a_first_thing_to_do(home: Path) -> None:
    stewards = load(COUNTY, SPINE).stewards.values()
    settings, told = Settings.load(home=home, port=8765), io.StringIO()
    Console(file=told, width=160).print(doors_table(settings, stewards))
    lines = told.getvalue().splitlines()
    for account, page in {
        "zhang": "matrix",
        "li": "versions",
        "wu": "log",
        "chen": "sources",
        "sun": "developer/query",
    }.items():
        (line,) = (each for each in lines if f" {account} " in each)
        assert f"http://127.0.0.1:8765/console/{page} " in line
    assert any("http://127.0.0.1:8765/console/my-data " in line for line in lines), "residents have a door of their own"


def test_each_role_has_a_first_page() -> None:
    assert set(FIRST_PAGES) == set(Role)
