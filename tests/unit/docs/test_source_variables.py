"""docs/connectors.md names every variable and secret that the sample sources take, and none besides."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.unit.docs.test_names import ROOT

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "connectors.md").read_text("utf-8")
SOURCES = ROOT / "examples" / "county" / "sources"
NAME = re.compile(r"\$\{(\w+)\}|^env:(\w+)$")


def taken() -> set[tuple[str, str, str]]:
    """Name, key and source of each variable and secret in the files."""
    sources = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(SOURCES.glob("*.yaml"))]
    return {
        (found[1] or found[2], key, source["name"])
        for source in sources
        for key, text in source.items()
        if isinstance(text, str)
        for found in NAME.finditer(text)
    }


def test_each_variable_of_the_sample_sources_is_described() -> None:
    section = PAGE.partition("### Variables and secrets of the sample sources\n")[2].partition("Each kind of record")[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| `")]
    described = {
        (name.strip(" `"), words[0], source)
        for name, where, *_ in rows
        for words in [re.findall(r"`(\w+)`", where)]
        for source in words[1:]
    }
    assert described == taken()
    assert len(taken()) == 5
