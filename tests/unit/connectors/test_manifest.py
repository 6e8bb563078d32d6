"""Files of sources: a wrong one does not load, and the error names file, path and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.base import ConnectorError
from connectors.manifest import ManifestError, read_yaml, source_of
from connectors.secret_names import read_secret
from connectors.sources import load_sources
from connectors.stream_plans import plan_streams
from schema import SPINE
from tests.support.pulling import SOURCES

pytestmark = pytest.mark.unit

VARIABLES = {"DATA": "/data", "HOTLINE_URL": "http://127.0.0.1:9"}


def block() -> dict[str, Any]:
    return {
        "name": "police",
        "kind": "csv",
        "where": "${DATA}/register.csv",
        "collectedFor": "pop.register",
        "trust": 1,
        "records": [
            {
                "name": "register",
                "entity": "Person",
                "key": "no",
                "identity": "idNumber",
                "fields": {"idNumber": {"column": "id", "as": "resident_id"}, "name": "name"},
            }
        ],
    }


def stream(given: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = given["records"][0]
    return record


def load(folder: Path, *blocks: dict[str, Any]) -> Any:
    for i, each in enumerate(blocks):
        (folder / f"{i}.yaml").write_text(yaml.safe_dump(each, allow_unicode=True), "utf-8")
    return load_sources(folder, SPINE, VARIABLES)


def test_the_least_block_loads(tmp_path: Path) -> None:
    assert load(tmp_path, block())[0].where == "/data/register.csv"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda b: b.update(after="divisions"), "after: a list is expected; write after: [divisions, police]"),
        (lambda b: b.update(records=stream(b)), "records: a list is expected; write records: [{name: regions, "),
        (lambda b: stream(b).update(key=7), "records.0.key: a list is expected; write key: [street, number], or key: "),
        (lambda b: stream(b).update(checks="x"), "records.0.checks: a list is expected; write checks: [{rule: "),
        (lambda b: stream(b).update(checks=["x"]), "records.0.checks.0: a map is expected; write {rule: not_before, "),
        (lambda b: stream(b).update(fields="x"), "records.0.fields: a map is expected; write fields: {code: 代码, "),
        (lambda b: stream(b)["fields"].update(name=["x"]), "fields.name: a map is expected; write name: COLUMN, or "),
        (lambda b: stream(b).update(edges={"grid": "x"}), "edges.grid: a map is expected; write grid: {entity: TYPE, "),
        (lambda b: b.update(limits="0.2"), "limits: a map is expected; write limits: {quarantined: 0.2}"),
        (lambda b: b.update(name=7), "name: one text is expected; put quotes around it"),
    ],
)
def test_what_is_written_in_another_form_is_told_once_with_the_form(tmp_path: Path, change: Any, told: str) -> None:
    given = block()
    change(given)
    with pytest.raises(ManifestError) as refused:
        load(tmp_path, given)
    (line,) = str(refused.value).splitlines()
    assert told in line
    assert "tuple" not in line and "dictionary" not in line


BAD: dict[str, tuple[Any, tuple[str, ...]]] = {
    "unknown key": (lambda b: b.update(wher="x"), ("0.yaml", "wher", "allowed: name, kind")),
    "unknown kind": (lambda b: b.update(kind="xml"), ("kind", "'csv'")),
    "unknown entity": (lambda b: stream(b).update(entity="Persn"), ("entity", "'Persn'", "Person")),
    "unknown field": (lambda b: stream(b)["fields"].update(nam="n"), ("fields.nam", "idNumber")),
    "unknown transform": (
        lambda b: stream(b)["fields"].update(name={"column": "n", "as": "titlecase"}),
        ("fields.name.as", "text, code"),
    ),
    "transform of another type": (
        lambda b: stream(b)["fields"].update(birthDate={"column": "n", "as": "integer"}),
        ("fields.birthDate.as", "date"),
    ),
    "unknown option": (
        lambda b: stream(b)["fields"].update(name={"column": "n", "trim": True}),
        ("fields.name.trim", "allowed: column, as"),
    ),
    "unknown edge": (
        lambda b: stream(b).update(edges={"spouse": {"entity": "Person", "column": "s"}}),
        ("edges.spouse", "dwellings"),
    ),
    "edge to another type": (
        lambda b: stream(b).update(edges={"dwellings": {"entity": "Building", "column": "s"}}),
        ("edges.dwellings.entity", "Dwelling"),
    ),
    "enum word that the catalogue lacks": (
        lambda b: stream(b)["fields"].update(gender={"column": "g", "values": {"男": "M"}}),
        ("fields.gender.values", "MALE, FEMALE"),
    ),
    "person by name": (lambda b: stream(b).update(identity="name"), ("identity", "resident_id")),
    "identity that is not read": (lambda b: stream(b).update(identity="phone"), ("identity", "idNumber")),
    "biometrics": (lambda b: stream(b)["fields"].update(name="faceImage"), ("never stored",)),
    "travel": (lambda b: stream(b)["fields"].update(name="行程记录"), ("never stored",)),
    "unknown check": (
        lambda b: stream(b).update(checks=[{"rule": "same", "fields": ["name", "idNumber"]}]),
        ("checks.0.rule", "birth_of_id"),
    ),
    "check of a field that is not read": (
        lambda b: stream(b).update(checks=[{"rule": "birth_of_id", "fields": ["birthDate", "idNumber"]}]),
        ("checks.0.fields",),
    ),
    "cursor without time": (lambda b: stream(b).update(cursor=True), ("records.0", "`updated`")),
    "secret written out": (
        lambda b: b.update(kind="rest", where="https://h/x", bearer="hunter2"),
        ("bearer", "env:NAME"),
    ),
    "password in an address": (
        lambda b: (b.update(kind="sql", where="postgresql://u:p@h/d"), stream(b).update(table="t")),
        ("must not hold a password",),
    ),
    "plain http to elsewhere": (lambda b: b.update(kind="rest", where="http://h/x"), ("must be https",)),
    "table for a file": (lambda b: stream(b).update(table="t"), ("`table`",)),
    "unknown variable": (
        lambda b: b.update(where="${HOME}/x"),
        ("unknown variable HOME; give it with --set HOME=VALUE", "DATA"),
    ),
    "unknown source before": (lambda b: b.update(after=["civil"]), ("unknown source civil",)),
    "circle": (lambda b: b.update(after=["police"]), ("circle",)),
    "share above one": (lambda b: b.update(limits={"quarantined": 2}), ("limits.quarantined",)),
    "purpose from nowhere": (lambda b: b.update(collectedFor="Any Thing"), ("collectedFor",)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_blocks_are_refused(tmp_path: Path, name: str) -> None:
    spoil, told = BAD[name]
    given = block()
    spoil(given)
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, given)
    for part in told:
        assert part in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["name: [", "just text", "", "- a\n- b"])
def test_what_is_no_block_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ManifestError, match=r"a\.yaml"):
        source_of(read_yaml(path), {})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("trust: 60", "trust: 60\ntrust: 99", "a.yaml:2: the key 'trust' stands twice"),
        ("trust: 60", "trust: 060", "a.yaml:1: 060: YAML readers disagree on this number"),
        ("trust: 60", "trust: &x 60", "a.yaml:1: anchors and aliases are not allowed"),
        ("trust: 60", "expires: 2026-02-31", "a.yaml:1: 2026-02-31: there is no such day"),
        ("trust: 60", "trust: 600", "a.yaml:1: trust: "),
        ("trust: 60", "where: ${NOWHERE}", "a.yaml:1: unknown variable NOWHERE"),
    ],
)
def test_a_slip_is_named_by_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("trust: 60\nkind: csv\n".replace(old, new), "utf-8")
    with pytest.raises(ManifestError) as caught:
        source_of(read_yaml(path), {})
    assert told in str(caught.value)


def test_two_writers_of_one_to_one_edge_are_refused(tmp_path: Path) -> None:
    one = {
        **block(),
        "name": "a",
        "records": [
            {
                "name": "b", "entity": "Building", "key": "no", "identity": "code", "fields": {"code": "no"},
                "edges": {"grid": {"entity": "Region", "column": "g"}},
            }
        ],
    }  # fmt: skip
    sources = load(tmp_path, one, {**one, "name": "z"})
    with pytest.raises(ManifestError, match="leads to one node"):
        plan_streams(sources, SPINE)


def test_county_sources_come_in_order_with_their_ranks() -> None:
    sources = load_sources(SOURCES, SPINE, VARIABLES)
    names = [each.name for each in sources]
    assert names.index("divisions") < names.index("police") < names.index("housing")
    plans = plan_streams(sources, SPINE)
    assert plans["housing/occupancy"].better["name"] == {"police/register"}
    assert plans["police/register"].better["name"] == frozenset()


@pytest.mark.parametrize("reference", ["env:NO_SUCH_VARIABLE", "file:/no/such/file"])
def test_a_secret_that_is_missing_is_told(reference: str) -> None:
    with pytest.raises(ConnectorError, match=r"is missing or empty; (set it|write the secret)"):
        read_secret("police", reference, {})


def test_secrets_do_not_show(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2\n", "utf-8")
    secret = read_secret("police", f"file:{tmp_path}/key", {})
    assert secret.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(secret)


@pytest.mark.parametrize("name", ["extra.yml", "extra.YAML", "._extra.yaml", ".extra.yaml", "extra.csv", "extra.yaml~"])
def test_case_1_01_a_file_of_a_source_folder_is_read_or_refuses_it_by_name(tmp_path: Path, name: str) -> None:
    load(tmp_path, block())
    (tmp_path / name).write_bytes((tmp_path / "0.yaml").read_bytes())
    with pytest.raises(ManifestError, match=rf"^{re.escape(name)}: "):
        load_sources(tmp_path, SPINE, VARIABLES)


def test_case_1_01_a_folder_and_a_dead_link_in_a_source_folder_refuse_it(tmp_path: Path) -> None:
    load(tmp_path, block())
    (tmp_path / "more").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ManifestError, match=r"^gone\.yaml: a link that leads nowhere(?s:.)*\nmore: a folder"):
        load_sources(tmp_path, SPINE, VARIABLES)


EMPTY: dict[str, tuple[Any, str]] = {
    "after": (lambda b: b.update(after=[]), "after"),
    "limits": (lambda b: b.update(limits={}), "limits"),
    "records": (lambda b: b.update(records=[]), "records"),
    "fields": (lambda b: stream(b).update(fields={}), "records.0.fields"),
    "a field": (lambda b: stream(b)["fields"].update(name={}), "records.0.fields.name"),
    "a field left out": (lambda b: stream(b)["fields"].update(name=None), "records.0.fields.name"),
    "words of an enum": (
        lambda b: stream(b)["fields"].update(gender={"column": "g", "values": {}}),
        "records.0.fields.gender.values",
    ),
    "checks": (lambda b: stream(b).update(checks=[]), "records.0.checks"),
    "edges": (lambda b: stream(b).update(edges={}), "records.0.edges"),
    "key": (lambda b: stream(b).update(key=[]), "records.0.key"),
    "a format left out": (
        lambda b: stream(b)["fields"].update(birthDate={"column": "b", "format": None}),
        "records.0.fields.birthDate.format",
    ),
}


@pytest.mark.parametrize(("spoil", "path"), EMPTY.values(), ids=EMPTY.keys())
def test_case_1_15_what_says_nothing_in_a_source_is_refused_by_name(tmp_path: Path, spoil: Any, path: str) -> None:
    given = block()
    spoil(given)
    with pytest.raises(ManifestError, match=rf"^0\.yaml:\d+: {re.escape(path)}: nothing stands here"):
        load(tmp_path, given)


@pytest.mark.parametrize("content", ["", "# taken out\n", "{}"])
def test_case_1_15_a_source_file_that_says_nothing_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(ManifestError, match=r"^a\.yaml:1: says nothing"):
        load_sources(tmp_path, SPINE, VARIABLES)
