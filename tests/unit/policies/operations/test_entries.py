"""An entry that is written reads back as the text it was made of; what clients build is read, and nothing else."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from policies.operations.entries import NoDocuments, Wish, documents_in, with_entry
from policies.operations.registered import document_id
from schema.strict_yaml import YamlFile
from tests.support.registered.county import BUILDINGS, RENTAL, TYPE_NAME

pytestmark = pytest.mark.unit
WISH = Wish("fire-inspection", RENTAL, {"housing": dt.date(2026, 6, 1)})
TEXTS = [
    TYPE_NAME,
    BUILDINGS,
    "query Q {\n  __typename\n}",
    "query Q {\n  __typename\n}\n",
    "query Q {\n\n  __typename\n}\n\n",
    "\n  query Q { __typename }",
    "query Q { __typename } \n",
    "query Q {\r\n  __typename\r\n}",
    "query Q {\t__typename }",
    "# 说明: yes\nquery Q { __typename }",
    "\ufeffquery Q { __typename }",
    "query Q {\u2028 __typename }",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_reads_back_as_it_is(text: str) -> None:
    written = with_entry("operations.yaml", b"", text, WISH)
    assert YamlFile("operations.yaml", written).content["operations"] == [
        {
            "id": document_id(text),
            "application": "fire-inspection",
            "purpose": RENTAL,
            "reviewed": {"housing": dt.date(2026, 6, 1)},
            "document": text,
        }
    ]
    again = with_entry("operations.yaml", b"# Kept.\n" + written, BUILDINGS, WISH)
    texts = [each["document"] for each in YamlFile("operations.yaml", again).content["operations"]]
    assert texts == [BUILDINGS, text] and again.startswith(b"# Kept.\n")


def test_what_clients_build_is_read() -> None:
    apollo = {"format": "apollo-persisted-query-manifest", "operations": [{"id": "x", "body": TYPE_NAME}]}
    assert documents_in("manifest.json", json.dumps(apollo).encode()) == (TYPE_NAME,)
    assert documents_in("persisted.json", json.dumps({"x": BUILDINGS, "y": TYPE_NAME}).encode()) == (
        BUILDINGS,
        TYPE_NAME,
    )
    assert documents_in("one.graphql", BUILDINGS.encode()) == (BUILDINGS,)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"[]"),
        ("a.json", b"{}"),
        ("a.json", b'{"x": 1}'),
        ("a.json", b'{"operations": [1]}'),
        ("a.json", b'{"operations": [{"id": "x"}]}'),
        ("a.json", b"{"),
        ("a.graphql", b""),
        ("a.graphql", b"\xff"),
    ],
)
def test_anything_else_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(NoDocuments, match=f"^{name} "):
        documents_in(name, content)
