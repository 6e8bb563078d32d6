"""G06: what is searched for is text, whatever it looks like; a search finds nothing that the purpose does not show."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import HubError
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from tests.support.search.shops import load_shops
from tests.support.small_graph import Asked, ask, prepare, subject, with_graph

pytestmark = pytest.mark.attack

PAGE = "query($w: UnitWhere) { units(where: $w) { edges { node { name } } } }"
HOSTILE = (
    *(
        '东街便利店" OR *:*',
        '*:* OR "东街便利店',
        "东街便利店~",
        "东街便利店*",
        "东街便?店",
        "东街便利店^9",
        "(东街便利店",
    ),
    *(
        "东街便利店 OR 东便街",
        "NOT 东便街",
        "东街 AND 便利",
        "+东街 -西街",
        "name:东街便利店",
        "{东街 TO 西街}",
        "[东街 TO *]",
    ),
    *(
        "/东街.*/",
        "东街便利店\\",
        "东街 && 便利",
        "东街 || 便利",
        "!东便街",
        '""东街便利店""',
        "_exists_:name 东街",
        "$p0 东街",
    ),
    *(
        "东街' RETURN 1 //",
        "东街`) CALL dbms.components() YIELD name //",
        "东街\x00便利",
        "东街\u2028便利",
        "东街\ud7ff便利",
    ),
    *("**abc**", "abc~2", "ab?c00", "abc OR name"),
)
NOTHING = (
    "*:*",
    "*",
    "?",
    "~",
    '"',
    '""',
    "\\",
    "AND",
    "OR NOT",
    "a*",
    "店",
    "( )",
    "\u200b",
    "东街便利店" * 30,
    "x" * 101,
)


@pytest.fixture(scope="module")
def policies(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return load_shops(empty_graph, tmp_path_factory.mktemp("search"))


def found(address: GraphAddress, policies: PolicySet, text: str) -> tuple[list[str], str, list[Any]]:
    """The names found, the statement and its parameters."""

    async def run(graph: Any) -> Asked:
        return await ask(
            graph, policies, subject(policies, "market-desk"), "market", PAGE, {"w": {"name": {"contains": text}}}
        )

    asked = with_graph(address, run)
    assert asked.statement is not None
    names = [edge["node"]["name"] for edge in asked.answer.data["units"]["edges"]]
    return names, asked.statement.text, list(asked.statement.parameters.values())


def test_g06_a_plain_search_finds_what_is_shown(empty_graph: GraphAddress, policies: PolicySet) -> None:
    names, text, _ = found(empty_graph, policies, "便利店")
    assert names == ["东街便利店"]
    assert "db.index.fulltext.queryNodes('unit_name_text', $p0)" in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_g06_syntax_is_text(empty_graph: GraphAddress, policies: PolicySet, hostile: str) -> None:
    names, text, parameters = found(empty_graph, policies, hostile)
    assert names == []
    assert text == found(empty_graph, policies, "便利店")[1]
    (query,) = (each for each in parameters if isinstance(each, str) and each[:1] in {'"', "*"} and each != hostile)
    assert not set(query.replace(" AND ", "")) & set("+-&|!(){}[]^~?:\\/ ")


@pytest.mark.parametrize("text", NOTHING)
def test_g06_what_is_too_short_or_long_is_refused(policies: PolicySet, text: str) -> None:
    with pytest.raises(HubError, match=r"contains takes 2 to 100 characters|an empty text") as refused:
        prepare(policies, subject(policies, "market-desk"), "market", PAGE, {"w": {"name": {"contains": text}}})
    assert refused.value.code == "VALIDATION"
    assert "东街" not in refused.value.public_message


@pytest.mark.parametrize("negate", [False, True])
def test_g06_a_name_that_the_purpose_does_not_show_is_not_searched(policies: PolicySet, negate: bool) -> None:
    leaf: dict[str, Any] = {"name": {"contains": "东街便利店"}}
    document = "query($w: UnitWhere) { units(where: $w) { edges { node { kind } } } }"
    with pytest.raises(HubError) as refused:
        prepare(policies, subject(policies, "market-desk"), "tax", document, {"w": {"not": leaf} if negate else leaf})
    assert refused.value.code == "FIELD_NOT_FILTERABLE"


def test_g06_nobody_searches_without_end(policies: PolicySet) -> None:
    where = {"or": [{"name": {"contains": "东街便利"}}] * 5}
    with pytest.raises(HubError, match="4 times at most") as refused:
        prepare(policies, subject(policies, "market-desk"), "market", PAGE, {"w": where})
    assert refused.value.code == "COST_LIMIT"
