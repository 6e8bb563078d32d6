"""Constraints and indexes of a real graph are those that the catalogue asks for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import neo4j
import pytest

from hub.graph.constraints import Constraints, ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.graph.warm_up import warm_up
from schema import SPINE

pytestmark = pytest.mark.unit


def test_constraints_come_from_the_catalogue_and_stay(empty_graph: GraphAddress) -> None:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        first = ensure_constraints(writer, SPINE)
        assert ensure_constraints(writer, SPINE).created == ()
        online = {row["name"]: row["state"] for row in writer.run_schema("SHOW INDEXES YIELD name, state")}
        assert {online[name] for name in first.names} == {"ONLINE"}
        (text,) = writer.run_schema("SHOW FULLTEXT INDEXES YIELD name, properties, options")
    assert (text["name"], text["properties"]) == ("unit_name_text", ["name"])
    assert text["options"]["indexConfig"]["fulltext.analyzer"] == "cjk"
    wanted = {f"{entity.name.lower()}_sid_unique" for entity in SPINE}
    wanted |= {"sourcerecord_key_unique", "person_region_sid", "person_idnumber"}
    assert wanted | {"person_region", "person_region_birthdate", "person_region_deletedat"} <= set(first.names)


def test_processes_that_make_constraints_at_once_all_find_them(
    empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    def ensure(_: int) -> Constraints:
        with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
            return ensure_constraints(writer, SPINE)

    for name in ensure(0).names:
        kind = "CONSTRAINT" if name.endswith("_unique") else "INDEX"
        graph_driver.execute_query(f"DROP {kind} {name}")
    with ThreadPoolExecutor(4) as several:
        made = list(several.map(ensure, range(4)))
    assert any(each.created for each in made)
    assert ensure(0).created == ()


def test_a_graph_is_warmed_up_by_a_statement_that_finds_nothing(
    empty_graph: GraphAddress, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        ensure_constraints(writer, SPINE)
        found, read = [], writer.read
        monkeypatch.setattr(writer, "read", lambda text, **given: found.append((text, read(text, **given))))
        warm_up(writer, SPINE)
    ((text, rows),) = found
    assert rows == [{"found": []}]
    plan = graph_driver.execute_query(f"EXPLAIN {text}", nowhere="").summary.plan
    assert plan is not None and "AllNodesScan" not in str(plan)
