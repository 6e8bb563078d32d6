"""Messages and descriptions in Chinese or English."""

from __future__ import annotations

import pytest
from graphql import build_client_schema, get_introspection_query, graphql_sync, is_introspection_type

from hub.errors import Code, HubError
from hub.request.answers.languages import MESSAGES, descriptions_in, message_in
from schema import SPINE
from schema.graphql import build

pytestmark = pytest.mark.unit


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= each <= "\u9fff" for each in text)


def test_each_code_has_a_chinese_message() -> None:
    assert set(MESSAGES) == set(Code)
    assert all(has_chinese(text) for text in MESSAGES.values())


def test_a_chinese_message_holds_the_english_one() -> None:
    error = HubError(Code.FIELD_DENIED, "Person.phone is not open to the purpose stat")
    told = message_in("zh", error)
    assert told.startswith(MESSAGES[Code.FIELD_DENIED])
    assert error.public_message in told
    assert message_in("en", error) == message_in(None, error) == error.public_message


@pytest.mark.parametrize("language", ["zh", "en"])
def test_descriptions_are_in_the_language_that_is_asked_for(language: str) -> None:
    schema = build(SPINE)
    result = graphql_sync(schema, get_introspection_query())
    assert result.data is not None
    told = build_client_schema(descriptions_in(language, result.data))
    ours = [each for name, each in told.type_map.items() if not is_introspection_type(each)]
    texts = [each.description for each in ours if each.description and each.name not in BUILT_IN]
    texts += [
        field.description
        for each in ours
        for field in getattr(each, "fields", {}).values()
        if getattr(field, "description", None)
    ]
    assert len(texts) > 200
    assert {has_chinese(text) for text in texts} == {language == "zh"}


BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def test_without_a_language_a_description_is_in_both() -> None:
    assert descriptions_in(None, {"description": "日期。Date."}) == {"description": "日期。Date."}
    assert descriptions_in("en", {"a": [{"b": "日期。Date.", "name": "Date", "n": None, "d": True}]}) == {
        "a": [{"b": "Date.", "name": "Date", "n": None, "d": True}]
    }
