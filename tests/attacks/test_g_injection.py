"""G: what the client writes is a parameter or is refused; names come from the catalogue, and policy files are data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from connectors.manifest import ManifestError, read_yaml, source_of
from hub.errors import HubError
from schema.strict_yaml import YamlFileError
from tests.support.attack_scene import Scene, names
from tests.support.small_graph import SCHEMA
from tests.support.small_graph import policy as policy_of

pytestmark = pytest.mark.attack
CYPHER = (
    "' RETURN 1 //",
    '"}) MATCH (n) DETACH DELETE n //',
    "\\u0027 OR 1=1",
    "$p0",
    "`) CALL dbms.components() YIELD name //",
    "LOAD CSV FROM 'file:///etc/passwd' AS x RETURN x",
    "CALL apoc.load.json('x')",
    "USE system SHOW USERS",
    "x\u2028\u0000\n}\nRETURN 1",
)


@pytest.mark.parametrize("text", CYPHER)
@pytest.mark.parametrize("place", ["eq", "in", "startsWith"])
def test_g01_a_string_is_a_parameter(scene: Scene, text: str, place: str) -> None:
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { name } } } }"
    value: Any = [text] if place == "in" else text
    asked = scene.desk(document, {"w": {"name": {place: value}}})
    plain = scene.statement("desk", "event", document, {"w": {"name": {place: ["x"] if place == "in" else "x"}}})
    assert asked.statement is not None
    assert plain is not None
    assert asked.statement.text == plain.text
    assert value in asked.statement.parameters.values()
    assert names(asked) == []


@pytest.mark.parametrize("name", ["id`) DETACH DELETE n //", "n\\u0060", "nаme", "sid", "deletedAt", "labels(n)", "*"])
def test_g02_a_name_is_the_catalogues(name: str) -> None:
    for document in (
        f"{{ people {{ edges {{ node {{ {name} }} }} }} }}",
        f"{{ people(orderBy: [{{{name}: ASC}}]) {{ edges {{ node {{ id }} }} }} }}",
        f'{{ people(where: {{{name}: {{eq: "x"}}}}) {{ edges {{ node {{ id }} }} }} }}',
    ):
        try:
            parsed = parse(document)
        except Exception as syntax:
            assert type(syntax).__name__ == "GraphQLSyntaxError"
            continue
        assert validate(SCHEMA, parsed)


@pytest.mark.parametrize("alias", ["MATCH", "DELETE", "p0", "r0", "n0", "__proto__x", "s", "c0"])
def test_g02_a_response_name_is_not_in_the_statement(scene: Scene, alias: str) -> None:
    asked = scene.desk(f"{{ {alias}x: people {{ edges {{ node {{ {alias}y: name {alias}: phone }} }} }} }}")
    assert asked.statement is not None
    assert f"{alias}x" not in asked.statement.text
    assert f"{alias}y" not in asked.statement.text
    assert asked.codes == []
    assert {alias, f"{alias}y"} == set(asked.answer.data[f"{alias}x"]["edges"][0]["node"])


@pytest.mark.parametrize(
    "where",
    [
        {"name": {"$gt": ""}},
        {"name": {"contains": "x"}},
        {"name": {"regex": ".*"}},
        {"__proto__": {"eq": "x"}},
        {"name": {"__class__": "x"}},
        {"$where": "1"},
        {"name": "x"},
        {"name": {"eq": {"ne": None}}},
        {"name": {"eq": 1}},
    ],
    ids=str,
)
def test_g04_operators_are_a_closed_list(scene: Scene, where: dict[str, Any]) -> None:
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { id } } } }"
    with pytest.raises(AssertionError, match="GraphQLError"):
        scene.statement("desk", "event", document, {"w": where})


@pytest.mark.parametrize("text", CYPHER)
def test_g05_nothing_but_catalogue_words_in_a_statement(scene: Scene, text: str) -> None:
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { name } } } }"
    statement = scene.statement("desk", "event", document, {"w": {"phone": {"eq": text}}})
    assert statement is not None
    assert not re.search(r"LOAD|apoc|dbms|USE\b|SHOW|CREATE|MERGE|SET\b|DELETE|REMOVE|YIELD|`", statement.text)
    assert all(re.fullmatch(r"p\d+", name) for name in statement.parameters)
    with pytest.raises(HubError, match="takes an id"):
        scene.statement("desk", "event", "query($id: ID!) { node(id: $id) { id } }", {"id": text})


@pytest.mark.parametrize(
    "text",
    [
        "purposes: !!python/object/apply:os.system ['true']",
        "purposes: !!python/name:os.system",
        "purposes: !custom [a]",
        "a: &a [x, x]\nb: &b [*a, *a]\npurposes: [*b, *b]",
        "purposes: []\npurposes: []",
        "? [a, b]\n: c",
        "purposes: [" * 3_000,
        "purposes: []\nx: " + "y" * 1_000_001,
        "purposes: [\x00]",
    ],
    ids=range(9),
)
def test_g08_policy_files_are_plain_data(tmp_path: Path, text: str) -> None:
    with pytest.raises(YamlFileError):
        policy_of(tmp_path, text)


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "gopher://x", "ftp://x", "//x", "x", "http://169.254.169.254", "http://10.0.0.1"),
        *("http://127.0.0.1@evil.example", "https://u:p@evil.example", "http://127.0.0.1.evil.example", "https://"),
    ],
)
def test_g09_a_source_names_one_host_it_may_reach(url: str) -> None:
    block = Path(__file__).parents[2] / "examples" / "county" / "sources" / "hotline.yaml"
    assert source_of(read_yaml(block), {"HOTLINE_URL": "http://127.0.0.1:8601"}).kind == "rest"
    with pytest.raises(ManifestError):
        source_of(read_yaml(block), {"HOTLINE_URL": url})
