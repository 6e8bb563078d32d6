"""Every shape of a name or an address is explained in words, wherever it is asked for."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from connectors.kinds import KINDS
from hub.home.settings import Settings
from policies.yaml_models import PolicyDocument
from schema import shapes

GOOD = {
    shapes.NAME: "fire-inspection",
    shapes.SHORT_NAME: "housing-register",
    shapes.PURPOSE: "safety.fire",
    shapes.JURISDICTION: "14/03/21/001/",
    shapes.TABLE: "public.tickets",
    shapes.DELIMITER: ";",
    shapes.EVERY: "6h",
    shapes.DAILY: "03:30",
    shapes.ZONE: "+08:00",
    shapes.HEADER: "X-Api-Key",
    shapes.WEB_ADDRESS: "https://id.example",
    shapes.ADDRESS_WITHOUT_USER: "https://id.example",
    shapes.CLAIM: "resident_id",
    shapes.LOG_ORIGIN: "hub.example/county",
    shapes.GRAPH_ADDRESS: "neo4j+s://host:7687",
    shapes.JAVA_SIZE: "512m",
    shapes.DOCUMENT_ID: "sha256:" + "0a" * 32,
}


def patterns(schema: object) -> set[str]:
    """All patterns in a JSON Schema."""
    if isinstance(schema, list):
        return {each for part in schema for each in patterns(part)}
    if not isinstance(schema, dict):
        return set()
    own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
    return own | {each for part in schema.values() for each in patterns(part)}


@pytest.mark.parametrize("pattern", GOOD)
def test_the_words_of_a_shape_show_one_that_fits(pattern: str) -> None:
    assert re.search(pattern, GOOD[pattern])
    said = shapes.fault_in_words({"ctx": {"pattern": pattern}, "msg": "as pydantic says it"})
    assert said.startswith("write ")
    assert pattern == shapes.DELIMITER or any(re.search(pattern, each.strip(',"')) for each in said.split())


@pytest.mark.parametrize("model", [PolicyDocument, *KINDS.values(), Settings])
def test_whatever_has_a_shape_is_told_in_words(model: type) -> None:
    assert patterns(TypeAdapter(model).json_schema()) <= set(GOOD)


def test_another_fault_keeps_its_own_words() -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(int).validate_python("x")
    (fault,) = wrong.value.errors(include_input=False)
    assert shapes.fault_in_words(fault).startswith("Input should be a valid integer")
