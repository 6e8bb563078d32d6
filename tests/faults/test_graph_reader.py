"""The reader keeps its deadline and its caps against a real Neo4j, and its errors quote nothing."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from hub.errors import HubError
from hub.graph.driver import RETRIES, Graph, GraphWriteError, GraphWriter, Transaction
from hub.graph.local import GraphAddress
from tests.support.cutting_proxy import CuttingProxy
from tests.support.small_graph import with_graph

pytestmark = pytest.mark.fault
CANARY = "CANARY13800000000"
CHINA = dt.timezone(dt.timedelta(hours=8))


def fetch(address: GraphAddress, text: str, cap: int = 100_000, deadline: float = 60.0, **parameters: Any) -> Any:
    return with_graph(address, lambda graph: graph.fetch(text, parameters, deadline_seconds=deadline, byte_cap=cap))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("date('2024-02-29')", "2024-02-29"),
        ("datetime('2024-02-29T08:00:00+08:00')", "2024-02-29T08:00:00+08:00"),
        ("[1, null, 2.5, true, 'a']", [1, None, 2.5, True, "a"]),
        ("{a: {b: [date('2024-01-01')]}}", {"a": {"b": ["2024-01-01"]}}),
        ("$given", CANARY),
    ],
)
def test_rows_are_plain(empty_graph: GraphAddress, expression: str, value: object) -> None:
    assert fetch(empty_graph, f"RETURN {expression} AS x", given=CANARY) == [{"x": value}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("UNWIND range(1, 1000000) AS x RETURN x", "RESULT_LIMIT"),
        ("RETURN [x IN range(1, 100000) | 'abcdefgh'] AS x", "RESULT_LIMIT"),
        ("RETURN [x IN range(1, 3500) | '数闸数闸数闸数闸'] AS x", "RESULT_LIMIT"),
        ("UNWIND range(1, 2000000000) AS x RETURN count(x % 7)", "TIMEOUT"),
        ("RETURN point({x: 1, y: 2}) AS x", "INTERNAL"),
        (f"RETURN no such thing {CANARY}", "INTERNAL"),
        ("RETURN 1 / $zero AS x", "INTERNAL"),
        ("RETURN date($given) AS x", "INTERNAL"),
        ("RETURN $missing AS x", "INTERNAL"),
    ],
)
def test_failures_have_codes_and_no_values(
    empty_graph: GraphAddress, caplog: pytest.LogCaptureFixture, text: str, code: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(HubError) as caught:
        fetch(empty_graph, text, deadline=2.0 if code == "TIMEOUT" else 60.0, zero=0, given=CANARY)
    assert str(caught.value.code) == code
    assert caught.value.__cause__ is None
    assert CANARY not in str(caught.value) + caplog.text
    assert text not in str(caught.value) + caplog.text


def test_each_numbered_row_has_the_cap_of_one(empty_graph: GraphAddress) -> None:
    text = "UNWIND range(0, 2) AS i RETURN i, [x IN range(1, [90, 110, 90][i]) | 'sluice'] AS x"
    found = with_graph(
        empty_graph, lambda graph: graph.fetch_numbered(text, {}, deadline_seconds=60, byte_cap=8 + 8 + 100 * 14)
    )
    assert {at: str(each.code) for at, each in found.items() if isinstance(each, HubError)} == {1: "RESULT_LIMIT"}
    assert {at: len(each["x"]) for at, each in found.items() if isinstance(each, dict)} == {0: 90, 2: 90}


@pytest.mark.parametrize(("text", "bytes_each"), [("sluice", 6), ("数闸", 6), ("😀", 4), ("é", 2)])
def test_case_2_12_the_cap_counts_bytes(empty_graph: GraphAddress, text: str, bytes_each: int) -> None:
    statement, size = "RETURN [x IN range(1, 100) | $given] AS x", 8 + 100 * (8 + bytes_each)
    assert len(fetch(empty_graph, statement, size, given=text)[0]["x"]) == 100
    with pytest.raises(HubError, match=f"{size - 1} bytes"):
        fetch(empty_graph, statement, size - 1, given=text)


@pytest.mark.parametrize("text", ["CREATE (:X)", "MATCH (n) SET n.x = 1", "CREATE INDEX i FOR (n:X) ON (n.x)"])
def test_g05_a_reader_cannot_write(empty_graph: GraphAddress, text: str) -> None:
    with pytest.raises(HubError):
        fetch(empty_graph, text)
    assert fetch(empty_graph, "MATCH (n) RETURN count(n) AS n") == [{"n": 0}]


def test_l24_a_late_statement_is_cancelled_on_the_server(empty_graph: GraphAddress) -> None:
    slow = "UNWIND range(1, 2000000000) AS marked RETURN count(marked % 7)"
    with pytest.raises(HubError, match="TIMEOUT"):
        fetch(empty_graph, slow, deadline=1.0)
    running = "SHOW TRANSACTIONS YIELD currentQuery, status WHERE currentQuery STARTS WITH 'UNWIND' RETURN status"

    async def left(graph: Graph) -> list[str]:
        for _ in range(1_200):
            rows = await graph.fetch(running, {}, deadline_seconds=60, byte_cap=100_000)
            if not rows:
                return []
            await asyncio.sleep(0.1)
        return [row["status"] for row in rows]

    assert with_graph(empty_graph, left) == []


def test_statements_are_counted(empty_graph: GraphAddress) -> None:
    async def work(graph: Graph) -> int:
        for _ in range(3):
            await graph.fetch("RETURN 1 AS x", {}, deadline_seconds=60, byte_cap=100)
        assert await graph.ready()
        await graph.explain("MATCH (n) RETURN n", {})
        return graph.statements

    assert with_graph(empty_graph, work) == 3


def test_explain_names_operators_and_runs_nothing(empty_graph: GraphAddress) -> None:
    async def work(graph: Graph) -> list[str]:
        return await graph.explain("MATCH (n:X) WHERE n.a = $a RETURN n", {"a": 1})

    assert {"ProduceResults", "NodeByLabelScan"} <= set(with_graph(empty_graph, work))


def before_graph(address: GraphAddress, after_bytes: int, cuts: int | None = None) -> CuttingProxy:
    """A proxy before the graph."""
    host, port = address.url.removeprefix("bolt://").split(":")
    return CuttingProxy((host, int(port)), after_bytes, cuts)


def through(proxy: CuttingProxy, address: GraphAddress) -> GraphAddress:
    """The graph as it is reached through the proxy."""
    return GraphAddress(f"bolt://127.0.0.1:{proxy.port}", address.user, address.password)


def test_l25_a_connection_lost_mid_result_is_no_partial_answer(empty_graph: GraphAddress) -> None:
    text = "UNWIND range(1, 100000) AS x RETURN x, 'abcdefgh' AS y"
    with contextlib.closing(before_graph(empty_graph, 300_000)) as proxy:
        with pytest.raises(HubError) as caught:
            fetch(through(proxy, empty_graph), text, cap=100_000_000, deadline=60)
        assert str(caught.value.code) == "GRAPH_UNAVAILABLE"
        assert fetch(through(proxy, empty_graph), "RETURN 1 AS x") == [{"x": 1}]


@pytest.mark.parametrize(("cuts", "statements"), [(1, 2), (None, RETRIES + 1)], ids=["one", "each"])
def test_l26_a_read_is_repeated_a_bounded_number_of_times(
    empty_graph: GraphAddress, cuts: int | None, statements: int
) -> None:
    text = "UNWIND range(1, 100000) AS x RETURN x"

    async def work(graph: Graph) -> tuple[int, int]:
        rows: list[dict[str, Any]] = []
        with contextlib.suppress(HubError):
            rows = await graph.fetch(text, {}, deadline_seconds=60, byte_cap=100_000_000)
        return len(rows), graph.statements

    with contextlib.closing(before_graph(empty_graph, 100_000, cuts)) as proxy:
        assert with_graph(through(proxy, empty_graph), work) == (100_000 if cuts else 0, statements)


def test_l28_ten_million_rows_stop_at_the_cap(empty_graph: GraphAddress) -> None:
    async def work(graph: Graph) -> Any:
        with pytest.raises(HubError, match="RESULT_LIMIT"):
            await graph.fetch("UNWIND range(1, 10000000) AS x RETURN x", {}, deadline_seconds=60, byte_cap=1_000_000)
        return await graph.fetch("RETURN 1 AS x", {}, deadline_seconds=60, byte_cap=100)

    # Far fewer bytes come than the rows have: what is past the cap is not sent.
    with contextlib.closing(before_graph(empty_graph, 20_000_000, 1)) as proxy:
        assert with_graph(through(proxy, empty_graph), work) == [{"x": 1}]
        assert proxy.cut == 0


def test_l22_no_graph_is_unavailable_and_not_ready() -> None:
    async def work(graph: Graph) -> None:
        assert not await graph.ready()
        with pytest.raises(HubError, match="GRAPH_UNAVAILABLE"):
            await graph.fetch("RETURN 1", {}, deadline_seconds=60, byte_cap=100)

    with_graph(GraphAddress("bolt://127.0.0.1:9", "neo4j", "unused"), work)


def test_a_wrong_password_is_unavailable(empty_graph: GraphAddress) -> None:
    with pytest.raises(HubError, match="GRAPH_UNAVAILABLE"):
        fetch(GraphAddress(empty_graph.url, "neo4j", "wrong-password"), "RETURN 1 AS x")


class TestWriter:
    @pytest.fixture
    def writer(self, empty_graph: GraphAddress) -> Iterator[GraphWriter]:
        with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
            writer.run_schema("CREATE CONSTRAINT unique_x IF NOT EXISTS FOR (n:X) REQUIRE n.x IS UNIQUE")
            yield writer
            writer.write(lambda transaction: transaction.run("MATCH (n:X) DELETE n"))

    def test_a_write_counts_what_it_changed(self, writer: GraphWriter) -> None:
        moment = dt.datetime(2024, 2, 29, 8, tzinfo=CHINA)

        def work(transaction: Transaction) -> tuple[list[dict[str, Any]], dict[str, int]]:
            rows = transaction.run(
                "CREATE (n:X {x: $x, day: $day, at: $at}) RETURN n.day AS day", x=1, day=moment.date(), at=moment
            )
            transaction.run("MATCH (n:X) SET n.z = 1")
            return rows, dict(transaction.totals)

        assert writer.write(work) == (
            [{"day": "2024-02-29"}],
            {"nodes_created": 1, "labels_added": 1, "properties_set": 4},
        )
        assert writer.read("MATCH (n:X) RETURN n.at AS at") == [{"at": "2024-02-29T08:00:00+08:00"}]

    def test_a_failed_write_keeps_nothing(self, writer: GraphWriter) -> None:
        def work(transaction: Transaction) -> None:
            transaction.run("CREATE (:X {x: 7})")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            writer.write(work)
        assert writer.read("MATCH (n:X) RETURN count(n) AS n") == [{"n": 0}]

    def test_d13_a_constraint_violation_tells_no_value(self, writer: GraphWriter) -> None:
        writer.write(lambda transaction: transaction.run("CREATE (:X {x: $x})", x=CANARY))
        with pytest.raises(GraphWriteError) as caught:
            writer.write(lambda transaction: transaction.run("CREATE (:X {x: $x})", x=CANARY))
        assert caught.value.code == "Neo.ClientError.Schema.ConstraintValidationFailed"
        assert CANARY not in str(caught.value)
        assert caught.value.__suppress_context__
