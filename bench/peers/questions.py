"""The questions of the comparison: for each, what every peer is asked, with variables that are the same for all.

A question that is not in a peer's own language is asked in the best form that it has. `rows` counts what was answered,
so that no peer is fast because it answers less.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Sequence[str]]
"""What may be asked for, by kind."""
_PERSON = "id name phone residency dwellings { roomNo usage building { name address } }"


@dataclass(frozen=True)
class Question:
    """One question. `documents` holds what the three GraphQL peers are asked; `variables` are of one request."""

    name: str
    purpose: str
    documents: Mapping[str, str]
    variables: Callable[[Values, int], dict[str, str]]
    of_mix: int = 0
    """How often it is asked among twenty requests of the mixed script."""

    def body(self, peer: str, values: Values, number: int) -> dict[str, Any]:
        """The JSON body of the request of this number."""
        variables = self.variables(values, number)
        return variables if peer == "driver" else {"query": self.documents[peer], "variables": variables}


def _one(name: str, value: str) -> Callable[[Values, int], dict[str, str]]:
    def pick(values: Values, number: int) -> dict[str, str]:
        pool = values[value]
        return {name: pool[number * 37 % len(pool)]}

    return pick


def _none(_: Values, __: int) -> dict[str, str]:
    return {}


QUESTIONS = (
    Question(
        "point",
        "list",
        {
            "hub": "query($number: String!) { people(where: {idNumber: {eq: $number}}) { edges { node { "
            + _PERSON
            + " } } } }",
            "neo4j-graphql": "query($number: String!) { people(where: {idNumber: {eq: $number}}) { "
            + _PERSON.replace("id ", "sid ", 1)
            + " } }",
            "resolvers": "query($number: String!) { point(number: $number) { " + _PERSON + " } }",
        },
        _one("number", "number"),
        of_mix=9,
    ),
    Question(
        "page",
        "list",
        {
            "hub": "query($region: RegionPath!) { people(first: 100, where: {region: {eq: $region}}) { edges { node { "
            + _PERSON
            + " } } } }",
            "neo4j-graphql": "query($region: String!) { people(limit: 100, sort: [{sid: ASC}], "
            "where: {region: {eq: $region}}) { " + _PERSON.replace("id ", "sid ", 1) + " } }",
            "resolvers": "query($region: String!) { page(region: $region) { " + _PERSON + " } }",
        },
        _one("region", "region"),
        of_mix=3,
    ),
    Question(
        "filter",
        "list",
        {
            "hub": "query($code: String!) { people(first: 20, where: {dwellings: {some: {building: {some: "
            "{code: {eq: $code}}}}}}) { edges { node { name residency } } } }",
            "neo4j-graphql": "query($code: String!) { people(limit: 20, where: {dwellings: {some: {building: {some: "
            "{code: {eq: $code}}}}}}) { name residency } }",
            "resolvers": "query($code: String!) { filter(code: $code) { name residency } }",
        },
        _one("code", "code"),
        of_mix=2,
    ),
    Question(
        "levels",
        "list",
        {
            "hub": "query($region: RegionPath!) { buildings(first: 10, where: {region: {eq: $region}}) { edges { node "
            "{ name dwellings(first: 5) { roomNo residents(first: 3) { name } } } } } }",
            "neo4j-graphql": "query($region: String!) { buildings(limit: 10, where: {region: {eq: $region}}) { name "
            "dwellings(limit: 5) { roomNo residents(limit: 3) { name } } } }",
            "resolvers": "query($region: String!) { levels(region: $region) { name dwellings(first: 5) { roomNo "
            "residents(first: 3) { name } } } }",
        },
        _one("region", "region"),
        of_mix=2,
    ),
    Question(
        "statuses",
        "count",
        {
            "hub": "{ eventsAggregate(groupBy: [REGION_STREET, STATUS]) { regionStreet status count } }",
            "neo4j-graphql": "{ eventCells { street status count } }",
            "resolvers": "{ statuses { street status count } }",
        },
        _none,
    ),
    Question(
        "ages",
        "count",
        {
            "hub": "{ peopleAggregate(groupBy: [AGE_BAND]) { ageBand count } }",
            "neo4j-graphql": "{ ageCells { ageBand count } }",
            "resolvers": "{ ages { ageBand count } }",
        },
        _none,
        of_mix=1,
    ),
    Question(
        "texts",
        "list",
        {
            "hub": "query($region: RegionPath!) { events(first: 50, where: {region: {startsWith: $region}}) { edges { "
            "node { number kind text } } } }",
            "neo4j-graphql": "query($region: String!) { events(limit: 50, where: {region: {startsWith: $region}}) { "
            "number kind text } }",
            "resolvers": "query($region: String!) { texts(region: $region) { number kind text } }",
        },
        _one("region", "community"),
        of_mix=3,
    ),
)
MIXED = tuple(itertools.chain.from_iterable([each] * each.of_mix for each in QUESTIONS))


def rows(answer: Any) -> int:
    """How many values an answer holds, of lists within lists too; raises ValueError for one without data."""
    if answer.get("data") is None:
        raise ValueError(str(answer.get("errors"))[:500])
    return _leaves(answer["data"])


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_leaves(each) for each in value.values())
    return sum(_leaves(each) for each in value) if isinstance(value, list) else 1
