"""An operation is registered as it was reviewed, or the policy does not load: its names, its text, its owners."""

from __future__ import annotations

import pytest

from policies.operations.registered import document_id
from schema.strict_yaml import YamlFileError
from tests.support.registered.county import BUILDINGS, RENTAL, RESIDENTS, TYPE_NAME, county_with, entry

pytestmark = pytest.mark.unit


def test_an_id_is_that_of_the_specification() -> None:
    # The two examples of GraphQL over HTTP, appendix A.
    assert document_id("query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}") == (
        "sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"
    )
    assert document_id("query($id:ID!){user(id:$id){name}}") == (
        "sha256:71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"
    )


def test_what_is_registered_belongs_to_one_application_and_purpose() -> None:
    policy = county_with(entry(BUILDINGS, "safety.fire"), entry(BUILDINGS, "stat", "statistics"), entry(RESIDENTS))
    assert {(each.name, key[0], each.purpose) for key, each in policy.operations.items()} == {
        ("Buildings", "fire-inspection", "safety.fire"),
        ("Buildings", "statistics", "stat"),
        ("Residents", "fire-inspection", RENTAL),
    }
    assert policy.version != county_with(entry(BUILDINGS, "safety.fire"), entry(RESIDENTS)).version


WRONG = [
    (entry(BUILDINGS, "safety.fires"), "unknown purpose 'safety.fires'; known: "),
    (entry(BUILDINGS, application="fire"), "unknown application 'fire'; known: "),
    (entry(BUILDINGS, id="sha256:" + "0" * 64), f"is not the id of this text; write {document_id(BUILDINGS)}"),
    (entry(BUILDINGS, id="sha256:0"), "write the SHA-256 of the document in small digits"),
    (entry(BUILDINGS, name="x"), "operations.0.name: unknown key"),
    (entry(BUILDINGS, reviewed={"nobody": "2026-06-01"}), "'nobody' owns no type; owners: "),
    (entry(BUILDINGS, reviewed={"police": "2026-06-01"}), "it reads Building, which housing owns; add `housing: YYYY"),
    (entry(RESIDENTS, reviewed={"housing": "2026-06-01"}), "it reads Person, which police owns; add `police: YYYY-MM"),
    (entry(BUILDINGS, reviewed={"housing": '"2026-06-01"'}), "write a day such as 2026-02-28, without quotes"),
    (entry(BUILDINGS, reviewed={}), "operations.0.reviewed: nothing stands here"),
    (entry(BUILDINGS.replace("code", "kode")), "of the document: Cannot query field 'kode' on type 'Building'"),
    (entry("{ __typename }"), "must hold one operation with a name"),
    (entry(TYPE_NAME + "query Other { __typename }"), "must hold one operation with a name"),
    (entry("mutation M { x }"), "must be a query"),
    (entry("subscription S { alerts { id } }"), "must be a query: subscriptions are not registered"),
    (entry("query Q {"), "line 1, column 10 of the document: is not GraphQL here"),
    (entry("query Q " + "{ node " * 2_000), "of the document"),
    (entry(BUILDINGS) + "\n" + entry(BUILDINGS, "safety.fire"), "registered twice for fire-inspection; keep one"),
]


@pytest.mark.parametrize(("entries", "told"), WRONG, ids=[told for _, told in WRONG])
def test_what_is_wrong_is_told_with_its_line(entries: str, told: str) -> None:
    with pytest.raises(YamlFileError) as wrong:
        county_with(entries)
    assert told in str(wrong.value)
    assert wrong.value.place.startswith("operations.yaml:")


CANARY = "13800000000"
LITERALS = [
    (f'people(where: {{phone: {{eq: "{CANARY}"}}}}) {{ edges {{ node {{ name }} }} }}', "in the argument where"),
    (f'people(where: {{phone: {{eq: """{CANARY}"""}}}}) {{ edges {{ node {{ name }} }} }}', "in the argument where"),
    (f"buildings(where: {{floors: {{eq: {CANARY[:3]}}}}}) {{ edges {{ node {{ code }} }} }}", "in the argument where"),
    ("dwellings(where: {area: {eq: 13.8}}) { edges { node { code } } }", "in the argument where"),
    (f'node(id: "{CANARY}") {{ id }}', "in the argument id"),
    (f'nodes(ids: ["{CANARY}"]) {{ id }}', "in the argument ids"),
    (f'buildings(first: 3, after: "{CANARY}") {{ edges {{ node {{ code }} }} }}', "in the argument after"),
]


@pytest.mark.parametrize(("selection", "told"), LITERALS)
def test_a_value_in_a_document_is_refused_by_its_place_and_not_repeated(selection: str, told: str) -> None:
    with pytest.raises(YamlFileError) as wrong:
        county_with(entry(f"query Q {{ {selection} }}"))
    assert told in str(wrong.value) and "take a variable" in str(wrong.value)
    assert CANARY[:3] not in str(wrong.value)
    with pytest.raises(YamlFileError, match="take a variable"):
        county_with(entry(f"query Q {{ ...F }} fragment F on Query {{ {selection} }}"))


def test_a_default_of_a_variable_is_a_value_too() -> None:
    with pytest.raises(YamlFileError, match=r"as the default of \$n; take a variable"):
        county_with(entry(BUILDINGS.replace("$n: Int", "$n: Int = 5")))


def test_words_of_the_schema_and_page_sizes_are_no_values() -> None:
    document = (
        "query Q($yes: Boolean!) { buildings(first: 5, where: {code: {isNull: false}}, orderBy: [{code: ASC}]) "
        "{ edges { node { code @include(if: $yes) } } } }"
    )
    assert county_with(entry(document, "safety.fire")).operations


READS_PERSON = {
    "says whether there are any": "{ people(first: 1) { pageInfo { hasNextPage } } }",
    "names their type": "{ people(first: 1) { __typename } }",
    "says how many there are": "{ dwellings { edges { node { residentsList { pageInfo { totalCount } } } } } }",
    "finds others by them": "($x: String) { dwellings(where: {residents: {some: {name: {eq: $x}}}}) "
    "{ edges { node { code } } } }",
    "finds those without any": "{ dwellings(where: {residents: {none: {}}}) { edges { node { code } } } }",
    "finds others by whatever a request says": "($x: DwellingWhere) { dwellings(where: $x) "
    "{ edges { node { code } } } }",
    "counts others by them": "($x: String) { dwellingsAggregate(where: {not: {residents: {some: {name: {eq: $x}}}}}) "
    "{ count } }",
    "asks for them by id": "($x: ID!) { node(id: $x) { ... on Person { __typename } } }",
}


@pytest.mark.parametrize("how", READS_PERSON)
def test_whoever_owns_what_a_document_turns_on_reviews_it(how: str) -> None:
    document = f"query Q{READS_PERSON[how]}"
    others = {"civil-affairs": "2026-06-01", "hotline": "2026-06-01", "housing": "2026-06-01"}
    with pytest.raises(YamlFileError, match="it reads Person, which police owns"):
        county_with(entry(document, reviewed=others))
    assert county_with(entry(document)).operations


def test_counts_and_accesses_read_the_type_that_they_count() -> None:
    counted = "query Q { peopleAggregate { count } }"
    with pytest.raises(YamlFileError, match="it reads Person, which police owns"):
        county_with(entry(counted, reviewed={"housing": "2026-06-01"}))
    accesses = "query Q($id: String!) { accessesOf(where: {idNumber: {eq: $id}}) { purpose } }"
    with pytest.raises(YamlFileError, match="it reads Person, which police owns"):
        county_with(entry(accesses, reviewed={"housing": "2026-06-01"}))
