"""Everything in the schema says what it is, in both languages: of the spine, of slices, and of generated catalogues."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_scalar_type,
)

from schema import SPINE
from schema.catalogue import Catalogue
from schema.conditions.operators import OPERATORS, SEARCHED
from schema.graphql import build
from schema.interface import words
from schema.interface.languages import CHINESE, ENGLISH, STOP, in_language
from schema.interface.sdl import sdl_of
from schema.strict_yaml import YamlFileError
from tests.support.oracle.random_catalogues import generated_catalogue
from tests.support.sources.slices import HEALTH, composed

pytestmark = pytest.mark.unit

HAN = re.compile(r"[\u4e00-\u9fff]")
NOTES = """slice: notes
extends:
  Dwelling:
    fields:
      heating:
        type: Enum
        zh: 取暖方式
        en: Heating
        kind: status
        grade: general-2
        values: {GAS: {zh: 燃气, en: Gas}, COAL: {zh: 燃煤, en: Coal}}
        buckets: {heating: value}
        deprecated: 请用 warmth。Use warmth.
      warmth: {type: Enum, zh: 供热, en: Warmth, kind: status, grade: general-2, values: [GAS, COAL]}
"""


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Each type, field, argument, input field and value of ours, with its description."""
    for name, kind in schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", each.description) for value, each in kind.values.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{field}", each.description) for field, each in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, each in kind.fields.items():
                yield f"{name}.{field}", each.description
                yield from ((f"{name}.{field}({given}:)", of.description) for given, of in each.args.items())


def without_words(schema: GraphQLSchema) -> list[str]:
    """What has no description in one of the languages."""
    found = []
    for name, text in described(schema):
        chinese, stop, english = (text or "").partition(STOP)
        if not (HAN.search(chinese) and stop and english.endswith(".") and not HAN.search(english)):
            found.append(name)
    return found


def made(tmp_path: Path, text: str) -> Catalogue:
    return composed(tmp_path / "slices", {"one.yaml": text}).catalogue


def test_everything_of_the_spine_has_words_in_both_languages() -> None:
    schema = build(SPINE)
    assert without_words(schema) == []
    names = {name for name, _ in described(schema)}
    assert {
        *(
            "Person",
            "Person.phone",
            "Query.people(where:)",
            "PersonWhere.phone",
            "PersonOrder.phone",
            "StringFilter.eq",
        ),
        *("PersonGender.MALE", "PersonBucket.AGE_BAND", "PageInfo.endCursor", "Building.dwellings(first:)", "Date"),
    } <= names


def test_a_place_without_words_is_found() -> None:
    schema = build(SPINE)
    people = schema.type_map["Query"]
    assert isinstance(people, GraphQLObjectType)
    people.fields["people"].args["first"].description = "How many."
    assert without_words(schema) == ["Query.people(first:)"]


def test_everything_of_a_slice_has_words_too(tmp_path: Path) -> None:
    schema = build(made(tmp_path, HEALTH))
    assert without_words(schema) == []
    assert "ClinicLevel.STATION" in dict(described(schema))


@pytest.mark.parametrize("seed", range(6))
def test_everything_of_a_generated_catalogue_has_words(seed: int, tmp_path: Path) -> None:
    assert without_words(build(generated_catalogue(random.Random(seed), tmp_path / "slices"))) == []


def test_each_comparison_has_its_words() -> None:
    assert {op for each in (*OPERATORS.values(), SEARCHED) for op in each} == set(words.OPERATORS)


def test_a_chinese_full_stop_in_a_name_does_not_end_the_chinese_part() -> None:
    text = words.both("姓名。曾用名", "Name")
    assert (in_language(CHINESE, text), in_language(ENGLISH, text)) == ("姓名；曾用名。", "Name.")


# What a slice may say.


def test_values_are_called_what_the_slice_says(tmp_path: Path) -> None:
    catalogue = made(tmp_path, NOTES)
    found = dict(described(build(catalogue)))
    assert catalogue.entity("Dwelling").field("heating").values == ("GAS", "COAL")
    assert found["DwellingHeating.GAS"] == "燃气。Gas."
    assert found["DwellingWarmth.GAS"] == "供热：GAS。Warmth: GAS."


@pytest.mark.parametrize(
    ("written", "instead", "line", "told"),
    [
        ("GAS: {zh: 燃气, en: Gas}", "GAS: {zh: 燃气}", 11, "heating.values.GAS.en: this key is missing"),
        ("GAS: {zh: 燃气, en: Gas}", "GAS: 燃气", 11, "heating.values.GAS: write a block of keys"),
        ("GAS: {zh: 燃气, en: Gas}", "GAS: {zh: 燃气, en: Gas, fr: Gaz}", 11, "heating.values.GAS.fr: unknown key"),
        ("GAS: {zh: 燃气, en: Gas}", "gas: {zh: 燃气, en: Gas}", 11, "Dwelling.heating: 'gas' is not a plain name"),
        ("COAL: {zh: 燃煤, en: Coal}", "COAL: ", 11, "heating.values.COAL: nothing stands here"),
        ("values: [GAS, COAL]", "values: [GAS, GAS]", 14, "Dwelling.warmth: GAS stands twice"),
        ("values: [GAS, COAL]", "values: [1, GAS]", 14, "warmth.values.0: expected text"),
        ("values: [GAS, COAL]", "values: GAS", 14, "warmth.values: a list is wanted here"),
        ("请用 warmth。Use warmth.", "", 13, "heating.deprecated: nothing stands here"),
        ("请用 warmth。Use warmth.", "[warmth]", 13, "heating.deprecated: expected one text"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, written: str, instead: str, line: int, told: str) -> None:
    assert written in NOTES
    with pytest.raises(YamlFileError) as refused:
        made(tmp_path, NOTES.replace(written, instead, 1))
    assert re.search(rf"one\.yaml:{line}: .*{re.escape(told)}", str(refused.value)), str(refused.value)


def test_a_deprecated_field_is_marked_wherever_it_may_be_named(tmp_path: Path) -> None:
    text = sdl_of(build(made(tmp_path, NOTES)), ENGLISH)
    marked = re.findall(r'^ +(\w+)(?:: \w+)? @deprecated\(reason: "Use warmth."\)$', text, re.MULTILINE)
    assert marked == ["heating", "heating", "heating", "HEATING", "heating", "heating"]
    assert "@deprecated" not in sdl_of(build(SPINE))
    assert 'reason: "请用 warmth。")' in sdl_of(build(made(tmp_path, NOTES)), CHINESE)


def test_a_scalar_names_its_specification_where_it_has_one() -> None:
    found = re.findall(r'^scalar (\w+)(?: @specifiedBy\(url: "([^"]+)"\))?', sdl_of(build(SPINE)), re.MULTILINE)
    assert dict(found) == {"Date": "", "DateTime": "https://www.rfc-editor.org/rfc/rfc3339", "RegionPath": ""}
