"""What the operator's pages are made of: settings and addresses without secrets, rules with words, limits."""

from __future__ import annotations

import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from hub.console.assets import Assets
from hub.console.operator.health import CONNECTIONS, LIMITS, Machine, reached, workers_of
from hub.console.operator.rules import RULES, fix_of, word_of
from hub.console.operator.settings_in_force import GROUPS, settings_in_force
from hub.console.operator.source_reading import declared, keeper_of, without_secrets
from hub.console.operator.use import uses_of_machine
from hub.console.pages import Pages
from hub.console.words import LANGUAGES, all_words
from hub.errors import Code
from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from hub.home.setting_faults import PREFIX
from hub.home.settings import Settings
from hub.ingest.apart.process import Found
from hub.ingest.apart.work import OTHER_KINDS, TRY, Line, Task, lines_of
from hub.ingest.source_locations import SourceLocations, locations_of_hub, published_source_locations
from hub.ingest.trial.remedies import REMEDIES

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]
SECRET = "hunter2"
NO_RULES = frozenset(("python-stdnum", "pull-writer", "pull-commit", "lone-surrogate"))
"""Names in the code that are none of a rule."""


def test_each_setting_stands_below_one_heading() -> None:
    named = [name for names in GROUPS.values() for name in names]
    assert sorted(named) == sorted(Settings.model_fields)


def test_the_settings_stand_in_the_order_of_the_documentation() -> None:
    said = re.findall(r"^\| `SLUICEGATE_([A-Z0-9_]+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert sorted(name.lower() for name in said) == sorted(Settings.model_fields)
    for names in GROUPS.values():
        places = [said.index(name.upper()) for name in names]
        assert places == sorted(places), names
        assert places[-1] - places[0] == len(places) - 1, "nothing of another heading stands between them"


def test_no_secret_is_among_the_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GRAPH_PASSWORD": SECRET,
        "GRAPH_URL": "bolt://graph.example:7687",
        "POLICY_STORE": f"postgresql+psycopg://keeper:{SECRET}@db.example:5432/policy?password={SECRET}",
        "AUDIT_STORE": f"postgresql://keeper:{SECRET}@db.example/log?sslpassword={SECRET}",
        "TOKEN": SECRET,
        "OTLP_ENDPOINT": f"https://collector.example/v1?key={SECRET}",
    }.items():
        monkeypatch.setenv(PREFIX + name, value)
    settings = Settings.load(home=home)
    found = {each.variable: each for group in settings_in_force(settings).values() for each in group}
    assert SECRET not in repr(found)
    assert found["SLUICEGATE_GRAPH_PASSWORD"].hidden and found["SLUICEGATE_TOKEN"].hidden
    assert found["SLUICEGATE_POLICY_STORE"].value == "postgresql+psycopg://db.example:5432/policy"
    assert found["SLUICEGATE_AUDIT_STORE"].value == "postgresql://db.example/log"
    assert found["SLUICEGATE_OTLP_ENDPOINT"].value == "https://collector.example/v1"
    secrets = {name for name, field in Settings.model_fields.items() if SecretStr in _args(field.annotation)}
    assert {PREFIX + name.upper() for name in secrets} <= found.keys()


def _args(annotation: object) -> tuple[object, ...]:
    return getattr(annotation, "__args__", ()) or (annotation,)


def test_a_setting_says_where_it_is_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_BODY_LIMIT", "20000")
    monkeypatch.setenv("SLUICEGATE_WORDS", "")
    settings = Settings.load(home=home, port=18700)
    settings.prepare_home()
    (home / "words.yaml").write_text("", "utf-8")
    found = {each.variable: each for group in settings_in_force(settings).values() for each in group}
    told = {name: (each.value, each.unit, each.source) for name, each in found.items()}
    assert told["SLUICEGATE_BODY_LIMIT"] == ("20,000", "bytes", "environment")
    assert told["SLUICEGATE_PORT"] == ("18700", "", "given")
    assert told["SLUICEGATE_GRAPH_DEADLINE"] == ("5", "seconds", "default")
    assert told["SLUICEGATE_WORDS"] == (str(home / "words.yaml"), "", "home")
    assert told["SLUICEGATE_PLAIN"] == ("false", "", "default")
    assert told["SLUICEGATE_JARS"] == ("", "", "default")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"postgresql+psycopg://u:{SECRET}@h:5432/db?password={SECRET}", "postgresql+psycopg://h:5432/db"),
        (f"https://{SECRET}@h/api/x?key={SECRET}#{SECRET}", "https://h/api/x"),
        (f"oracle://u/{SECRET}@h/db", "oracle://h/db"),
        (f"mssql+pyodbc:///?odbc_connect=PWD={SECRET}", "mssql+pyodbc:///"),
        ("/data/a b.csv", "/data/a b.csv"),
    ],
)
def test_an_address_is_shown_without_user_and_query(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
    assert SECRET not in without_secrets(address)


def test_each_rule_that_refuses_a_row_has_words() -> None:
    folders = ("connectors", "connectors/readers", "hub/ingest", "hub/ingest/trial")
    texts = [path.read_text("utf-8") for folder in folders for path in (ROOT / folder).glob("*.py")]
    found = {rule for text in texts for rule in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text)}
    assert found - NO_RULES - RULES == set()
    assert RULES - found - {"missing", "sentinel", "contested", "missed", "truncated", "missing-target"} == set()
    assert word_of("missing") == "ops_rule_missing"
    assert word_of("missing-target building") == "ops_rule_missing_target", "a rule about an edge"
    assert word_of("a-rule-of-tomorrow") == fix_of("a-rule-of-tomorrow") == ""


def test_each_rule_says_what_to_do_about_it() -> None:
    for words in all_words().values():
        assert [rule for rule in RULES if not words.get(fix_of(rule))] == []
        assert len({words[fix_of(rule)] for rule in RULES}) > len(RULES) * 0.9, "each its own"


def test_a_source_without_a_department_is_kept_by_the_owner_of_its_types(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    stream = {"name": "e", "entity": "Event", "key": "k", "identity": "number", "fields": {"number": "k"}}
    said = {"kind": "csv", "where": "/x.csv", "collectedFor": "event", "trust": 1, "records": [stream]}
    for name, more in {"silent": {}, "named": {"assertedBy": "fire"}}.items():
        (tmp_path / "sources" / f"{name}.yaml").write_text(json.dumps({"name": name, **said, **more}), "utf-8")
    settings = Settings.load(home=tmp_path / "home", sources=tmp_path / "sources")
    known = declared(settings, catalogue_of(settings))
    silent, named = known.named("silent"), known.named("named")
    assert silent is not None and named is not None
    assert keeper_of(silent, {"Event": "grid"}) == ("grid", True)
    assert keeper_of(silent, {"Alarm": "grid"}) == ("", False), "nobody owns it"
    assert keeper_of(named, {"Event": "grid"}) == ("fire", False)


METRICS = """
# TYPE sluicegate_requests counter
sluicegate_requests_total{code="OK"} 50
sluicegate_requests_total{code="RATE_LIMIT"} 3
# TYPE sluicegate_connections_refused counter
sluicegate_connections_refused_total{reason="idle"} 2
# TYPE sluicegate_policy_number gauge
sluicegate_policy_number 4
# TYPE sluicegate_policy_age_seconds gauge
sluicegate_policy_age_seconds 0.5
"""


def test_limits_are_counted_over_all_workers() -> None:
    assert reached([METRICS.encode(), METRICS]) == {"RATE_LIMIT": 6, CONNECTIONS: 4}
    assert reached(["# nothing\n"]) == {}


def test_a_worker_that_does_not_answer_is_shown() -> None:
    first, second = workers_of(1, METRICS.encode(), {2: None})
    assert (first.number, first.policy, first.age) == (1, 4, 0.5)
    assert (second.number, second.policy, second.age) == (2, None, None)


def test_each_limit_is_a_code_and_names_a_setting() -> None:
    assert set(LIMITS) <= set(Code)
    assert {name.removeprefix(PREFIX).lower() for name in LIMITS.values()} <= set(Settings.model_fields)


def test_what_is_near_its_limit_is_marked() -> None:
    machine = Machine(2, (1.2, 0.9, 0.9), 1, free=10, disk=100)
    found = {each.name: each for each in uses_of_machine(machine)}
    assert found["load"].is_near and found["disk"].is_near and 0 < found["memory"].part < 1
    calm = {each.name: each for each in uses_of_machine(Machine(2, (0.9, 0, 0), 1, free=50, disk=100))}
    assert not calm["load"].is_near and not calm["disk"].is_near and calm["disk"].part == 0.5


def test_the_provider_of_the_demo_is_shown_while_it_runs(home: Path) -> None:
    settings = Settings.load(home=home)
    settings.prepare_home()
    for text, shown in (("", ("", "default")), ('{"issuer": "http://127.0.0.1:9"}', ("http://127.0.0.1:9", "demo"))):
        if text:
            settings.local_provider_file.write_text(text, "utf-8")
            settings.local_provider_file.chmod(0o600)
        found = {each.variable: each for group in settings_in_force(settings).values() for each in group}
        issuer = found["SLUICEGATE_SIGN_IN_ISSUER"]
        assert (issuer.value, issuer.source) == shown


def test_a_hub_fills_in_what_its_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "a.yaml").write_text("where: ${DATA}/${DESK_URL}/${NOWHERE}\nbearer: env:DESK_KEY\n")
    for name in ("DATA", "DESK_URL", "DESK_KEY", "OTHER_URL"):
        monkeypatch.setenv(name, name.lower())
    settings = Settings.load(home=tmp_path / "home", sources=sources)
    assert locations_of_hub(settings) == SourceLocations(str(sources), "data", {"DESK_URL": "desk_url"}, {})
    settings.prepare_home()
    demo = SourceLocations(str(sources), "/county", {"DESK_URL": "http://127.0.0.1:1"}, {"DESK_KEY": SECRET})
    with published_source_locations(settings, demo):
        assert locations_of_hub(settings) == demo
        assert locations_of_hub(Settings.load(home=tmp_path / "home")) is None


TRIED = {
    "refused by its source": {"stream": "events", "problem": "it refuses our key (401)", "kind": "key_wrong"},
    "before a stream": {"problem": "sources.json: cannot be read", "kind": None},
    "read": {
        **{"stream": "events", "problem": None, "kind": None, "read": 3, "whole": True, "columns": 2, "refused": 1},
        "refusals": [{"field": "k", "rule": "not-a-code", "rows": 1, "first": "line 4", "reason": "a plain code"}],
        "notes": [{"rule": "missing-target building", "text": "3 rows would be refused"}, {"rule": "odd", "text": "x"}],
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("line", TRIED.values(), ids=TRIED)
def test_whatever_a_trial_finds_is_told(line: Line, language: str) -> None:
    pages = Pages(ZoneInfo("Asia/Shanghai"), Assets())
    for found in (Found((line,), True), Found((line,), False), Found((), True)):
        shown = {"tried": found, "seconds": "40", "word_of": word_of, "fix_of": fix_of}
        page = bytes(pages.page("ops_tried", language, "", "/", None, **shown).body).decode()
        assert all(str(line[key]) in page for key in ("problem", "stream") if found.lines and line.get(key))
        assert ("line 4" in page) == bool(found.lines and line.get("refusals"))


@pytest.mark.parametrize("kind", [None, *OTHER_KINDS, *(each.kind for each in REMEDIES)])
def test_whatever_letting_in_again_did_is_told(kind: str | None) -> None:
    pages = Pages(ZoneInfo("Asia/Shanghai"), Assets())
    lines: tuple[Line, ...] = (
        {"problem": "away", "kind": kind},
        {"before": {"a/b": 3}, "after": {"a/b": 1}},
        {"before": {}, "after": {}},
    )
    for found in (Found((line,), True) for line in lines):
        page = bytes(pages.page("ops_retried", "zh", "", "/", None, retried=found).body).decode()
        assert "away" in page or "原退回 3 行，现仍退回 1 行" in page or "没有退回的行" in page


def test_what_is_not_set_for_a_source_is_told_as_such(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    stream = {"name": "e", "entity": "Event", "key": "k", "identity": "number", "fields": {"number": "k"}}
    block = {"kind": "rest", "collectedFor": "event", "trust": 1, "records": [stream], "bearer": "env:NO_SUCH_KEY"}
    paging = {"items": "items", "page": "page", "pages": "pages", "total": "total"}
    for name, where in {"unset": "${NO_SUCH_URL}/api", "keyless": "http://127.0.0.1:9/api"}.items():
        said = {"name": name, "where": where, **block, "paging": paging}
        (sources / f"{name}.yaml").write_text(json.dumps(said), "utf-8")
    settings = Settings.load(home=tmp_path / "home", sources=sources)
    found = locations_of_hub(settings)
    assert found is not None
    address = GraphAddress("", "", "")
    for name, kind in {"unset": "variable", "keyless": "secret"}.items():
        (line,) = lines_of(Task(TRY, name, settings, address, found))
        assert line["kind"] == kind, line
