"""Which scripts a page has: of its table alone, by their hash; and what is served is what the manifest says."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib

import pytest

from hub.console.assets import FOLDER, Assets, integrity_of
from hub.console.page_scripts import EDITOR_PHRASES, NEEDS, NOTHING, policy_of, scripts_of
from hub.console.pages import TEMPLATES

pytestmark = pytest.mark.unit

ORIGIN = "https://hub.example"
MANIFEST = tomllib.loads((FOLDER / "vendored.toml").read_text("utf-8"))
OURS = {"live.js"}
"""Scripts that hold no line of others."""


def test_each_script_is_in_the_manifest_or_ours() -> None:
    assert {path.name for path in FOLDER.glob("*.js")} == {*MANIFEST, *OURS}


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_a_script_of_others_is_the_one_that_the_manifest_names(name: str) -> None:
    found = base64.b64encode(hashlib.sha384((FOLDER / name).read_bytes()).digest()).decode()
    assert found == MANIFEST[name]["sha384"]
    licences = (FOLDER / "LICENCES.txt").read_text("utf-8")
    for package in MANIFEST[name]["packages"]:
        assert package["licence"] == "MIT"
        heading, _, text = licences.partition(f"== {package['name']} {package['version']}\n")
        assert heading != licences, package["name"]
        assert "Permission is hereby granted" in text.partition("\n== ")[0]


@pytest.mark.parametrize("name", sorted({*MANIFEST, *OURS}))
def test_no_script_names_another_host_or_makes_code_of_text(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    assert re.findall(r"https?://(?!www\.w3\.org/)[^\"'\s]*", text) == []
    assert re.findall(r"\beval\(|new Function\b|document\.write|innerHTML\s*=|insertAdjacentHTML", text) == []


@pytest.mark.parametrize("template", sorted(path.stem for path in TEMPLATES.glob("*.html")))
def test_a_page_may_run_its_own_scripts_and_nothing_else(template: str) -> None:
    assets = Assets()
    policy = dict(each.partition(" ")[::2] for each in policy_of(template, assets, ORIGIN).split("; "))
    needs = NEEDS.get(template, NOTHING)
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["trusted-types"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in str(policy)
    assert policy.get("script-src", "").split() == [
        ORIGIN + assets.url(each) for each in (needs.scripts if needs else ())
    ]
    assert policy.get("connect-src", "").split() == [ORIGIN + each for each in (needs.asks if needs else ())]


def test_a_page_names_the_hash_of_its_script() -> None:
    assets = Assets()
    (script,) = scripts_of("edit", assets)
    served = assets.response(script.url)
    assert served is not None
    assert integrity_of(bytes(served.body)) == script.integrity
    assert served.headers["content-type"].startswith("text/javascript")


def test_the_table_names_pages_and_files_that_there_are() -> None:
    assert {*NEEDS} <= {path.stem for path in TEMPLATES.glob("*.html")}
    assert all(f'"{phrase}"' in (FOLDER / "editor.js").read_text("utf-8") for phrase in EDITOR_PHRASES)
