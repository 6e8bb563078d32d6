"""docs/operations.md describes every setting, metric, stage, warning and log line that there is, and none besides."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from audit.stores.base import REMEDIES
from hub.home.setting_faults import PREFIX
from hub.home.settings import Settings
from tests.unit.docs.test_names import ROOT, sources

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
CODE = re.compile("`([^`]+)`")


def section(title: str) -> str:
    level = title.partition(" ")[0]
    return re.split(rf"\n#{{2,{len(level)}}} ", PAGE.partition(f"\n{title}\n")[2])[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the rows that begin with code."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]


def shown(default: object) -> str:
    """A default as the page shows it."""
    if default is None:
        return "–"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


@cache
def all_calls() -> tuple[ast.Call, ...]:
    """Every call in the code of the service."""
    service = [path for path in sources() if path.relative_to(ROOT).parts[0] not in {"tests", "bench"}]
    trees = (ast.parse(path.read_text("utf-8")) for path in service)
    return tuple(node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))


def calls(name: str) -> list[ast.Call]:
    """The calls `name(…)` and `….name(…)`."""
    return [call for call in all_calls() if name in {getattr(call.func, "id", ""), getattr(call.func, "attr", "")}]


def literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_each_setting_is_described_with_its_default() -> None:
    described = {name.strip("`"): default for name, default, *_ in rows(section("## Settings"))}
    settings = {PREFIX + name.upper(): shown(field.default) for name, field in Settings.model_fields.items()}
    assert described == settings


def test_each_description_of_a_setting_is_whole() -> None:
    assert [row for row in rows(section("## Settings")) if len(row) != 4 or not all(row)] == []


def test_each_path_in_the_home_is_described() -> None:
    settings = Settings.load(home=Path("/home-of-a-hub"))
    named = {word for row in rows(section("## The home")) for word in CODE.findall(row[0])}
    paths = {
        value.relative_to("/home-of-a-hub")
        for name, member in vars(Settings).items()
        if isinstance(member, property)
        and isinstance(value := getattr(settings, name), Path)
        and value.is_relative_to("/home-of-a-hub")
    }
    assert len(paths) >= 8
    assert [str(path) for path in paths if not any(name.startswith(str(path)) for name in named)] == []


def test_each_metric_is_described_with_its_labels() -> None:
    found = {}
    for kind, suffix in (
        ("Counter", "_total"),
        ("Gauge", ""),
        ("Histogram", ""),
        ("GaugeMetricFamily", ""),
        ("HistogramMetricFamily", ""),
    ):
        for call in calls(kind):
            name = literal(call.args[0]) if call.args else None
            if name is not None:
                named = [each.value for each in call.keywords if each.arg == "labels"]
                labels = [ast.literal_eval(each) for each in (*call.args[2:], *named)]
                found[name + suffix] = (
                    kind.removesuffix("MetricFamily").lower(),
                    [label for each in labels for label in each],
                )
    described = {
        name.strip("`"): (kind, CODE.findall(labels)) for name, kind, labels, _ in rows(section("### Metrics"))
    }
    assert described == found


def test_each_stage_is_described() -> None:
    stages = {literal(call.args[-1]) for name in ("stage", "_stage") for call in calls(name) if call.args} - {None}
    (described,) = [CODE.findall(row[3]) for row in rows(section("### Metrics")) if "stage" in row[2]]
    assert set(described) == stages
    assert len(stages) >= 10


def test_each_log_line_is_described() -> None:
    lines = {
        re.sub(r"%\w", "…", text)
        for level in ("debug", "info", "warning", "error", "exception", "critical")
        for call in calls(level)
        if getattr(getattr(call.func, "value", None), "id", "") == "_log" and (text := literal(call.args[0]))
    }
    described = {word for row in rows(section("### Log lines")) for word in CODE.findall(row[1])}
    # A line that is a warning of `/readyz` as it stands.
    assert lines - {"…"} == described


def test_each_warning_of_readyz_is_described() -> None:
    files = (
        "hub/readiness.py",
        "hub/graph/catalogue_fit.py",
        "hub/siblings.py",
        "hub/upkeep.py",
        "hub/app.py",
        "hub/request/issuer/follower.py",
        "hub/request/issuer/revocations.py",
        "hub/request/policy_follower.py",
        "policies/collecting/endings.py",
        "policies/versions.py",
        "audit/log.py",
    )
    where = "".join((ROOT / each).read_text("utf-8") for each in files)
    for warning, *_ in rows(section("### Warnings of `/readyz`")):
        text = warning.strip("`").partition("…")[0].rstrip(" (:")
        assert re.sub(r"^(audit|graph|catalogue|purge): ", "", text) in where, text


def test_the_codes_of_the_log_that_are_named_exist() -> None:
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", PAGE))
    assert {"PUT_BACK", "NO_RECORDED_HEAD", "FOREIGN", "NO_PARTITION", "NEWER_LAYOUT", "OLDER_LAYOUT"} <= named
    assert {"PUT_BACK", "NO_RECORDED_HEAD", "FOREIGN", "NO_PARTITION", "NEWER_LAYOUT", "OLDER_LAYOUT"} <= set(REMEDIES)
