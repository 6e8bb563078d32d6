"""Reads and writes the graph over Bolt through the official driver.

Every statement of a request has a deadline and a cap on its answer, and no error repeats what was asked or found.
`Graph` reads for the hub (READ sessions, one auto-commit statement, server-side timeout); `GraphWriter` writes for
connectors and set-up (managed write transactions). The driver's notifications and logs are off, because they quote
statements. Design §1 (stage 8) and §7.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar, cast

import neo4j
from neo4j import exceptions

from hub.errors import Code, HubError, internal_error
from hub.graph.plain_rows import Meter, plain, rows

T = TypeVar("T")

RETRIES, BACKOFF_SECONDS = 2, 0.05
READY_SECONDS, CONNECT_SECONDS = 2.0, 5.0
LONGEST_WRITE = 300.0
"""Seconds after which the server undoes a write: who was halted or cut off within it locks nothing for longer."""
PLAN_ONCE = "CYPHER replan=skip "
"""For a pull: on a graph that grows from nothing, planning again took a third of Neo4j's processor."""

_COUNTED = (
    "nodes_created",
    "nodes_deleted",
    "relationships_created",
    "relationships_deleted",
    "properties_set",
    "labels_added",
    "labels_removed",
    "indexes_added",
    "indexes_removed",
    "constraints_added",
    "constraints_removed",
)
_log = logging.getLogger("sluicegate.graph")


class GraphWriteError(RuntimeError):
    """A write failed and its transaction was undone, or a reading failed; `code` is the server's status code or the
    driver's class, never a value.
    """

    def __init__(self, code: str, what: str = "the graph refused a write") -> None:
        super().__init__(f"{what} ({code})")
        self.code = code


class Graph:
    """The hub's reader. Safe for many tasks of one event loop at once."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        database: str | None = None,
        bookmarks: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`bookmarks` gives what a reading has to wait for on a server of a cluster."""
        _silence_driver()
        self._bookmarks = bookmarks
        self._driver = neo4j.AsyncGraphDatabase.driver(
            url,
            auth=(user, password),
            notifications_min_severity="OFF",
            telemetry_disabled=True,
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=10.0,
        )
        self._database = database
        self.statements = 0
        """Statements sent for requests since the start, repeats after a transient error included."""

    async def fetch(
        self, text: str, parameters: Mapping[str, Any], *, deadline_seconds: float, byte_cap: int
    ) -> list[dict[str, Any]]:
        """All rows of one read statement as plain Python values; temporal values become ISO 8601 strings.

        Raises HubError: TIMEOUT past the deadline (the statement is then cancelled on the server too),
        RESULT_LIMIT where the rows are larger than `byte_cap` (about their size as JSON) or than the server's
        memory for one transaction, GRAPH_UNAVAILABLE where there is no connection, INTERNAL for anything
        else.
        """
        meter = Meter(byte_cap)
        return await self._in_time(text, parameters, deadline_seconds, lambda row: plain(row, meter))

    async def fetch_numbered(
        self, text: str, parameters: Mapping[str, Any], *, deadline_seconds: float, byte_cap: int
    ) -> dict[int, dict[str, Any] | HubError]:
        """As `fetch`, for a statement whose rows answer one request each: by the number that is a row's `i`.

        Each row may be as large as `byte_cap`; in the place of one that is larger stands its refusal.
        """

        def numbered(row: neo4j.Record) -> tuple[int, dict[str, Any] | HubError]:
            try:
                return row["i"], plain(row, Meter(byte_cap))
            except HubError as refusal:
                return row["i"], refusal

        return dict(await self._in_time(text, parameters, deadline_seconds, numbered))

    async def _in_time(
        self, text: str, parameters: Mapping[str, Any], deadline: float, read: Callable[[neo4j.Record], T]
    ) -> list[T]:
        try:
            async with asyncio.timeout(deadline):
                return await self._run_with_retries(text, parameters, deadline, read)
        except TimeoutError:
            raise _timeout() from None

    async def _run_with_retries(
        self, text: str, parameters: Mapping[str, Any], deadline: float, read: Callable[[neo4j.Record], T]
    ) -> list[T]:
        for attempt in range(RETRIES + 1):
            try:
                return await self._run(text, parameters, deadline, read)
            except (exceptions.Neo4jError, exceptions.DriverError) as error:
                if attempt == RETRIES or not _is_repeatable(error):
                    raise _read_error(error) from None
            # Jitter: many requests that failed at the same moment should not come back at the same moment.
            await asyncio.sleep(BACKOFF_SECONDS * 2**attempt * (0.5 + random.random()))  # noqa: S311
        raise AssertionError("the last attempt returns or raises")

    async def _run(
        self, text: str, parameters: Mapping[str, Any], deadline: float, read: Callable[[neo4j.Record], T]
    ) -> list[T]:
        query = neo4j.Query(text, timeout=deadline)
        async with self._session() as session:
            self.statements += 1
            # Read row by row, so that a result beyond the cap is never held complete.
            return [read(record) async for record in await session.run(query, dict(parameters))]

    def _session(self) -> neo4j.AsyncSession:
        seen = neo4j.Bookmarks.from_raw_values(self._bookmarks())
        return self._driver.session(database=self._database, default_access_mode=neo4j.READ_ACCESS, bookmarks=seen)

    async def ready(self) -> bool:
        """Whether the graph answers a trivial statement within `READY_SECONDS`."""
        try:
            async with asyncio.timeout(READY_SECONDS), self._session() as session:
                await (await session.run("RETURN 1")).consume()
        except (TimeoutError, OSError, exceptions.Neo4jError, exceptions.DriverError):
            return False
        return True

    async def fetch_for_hub(self, text: str, *, deadline_seconds: float, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a statement of the hub's own, beside the operations: not one of `statements`.

        Raises HubError TIMEOUT or GRAPH_UNAVAILABLE.
        """
        try:
            async with asyncio.timeout(deadline_seconds), self._session() as session:
                result = await session.run(neo4j.Query(text, timeout=deadline_seconds), parameters)
                return [record.data() async for record in result]
        except TimeoutError:
            raise _timeout() from None
        except (OSError, exceptions.Neo4jError, exceptions.DriverError):
            raise _unavailable() from None

    async def explain(self, text: str, parameters: Mapping[str, Any]) -> list[str]:
        """Operator names of the plan the server would use, root first; nothing is run.

        For tests and `--explain`.
        """
        async with self._session() as session:
            result = await session.run("EXPLAIN " + text, dict(parameters))
            plan = (await result.consume()).plan
        return list(_operators(cast(dict[str, Any], plan or {})))

    async def close(self) -> None:
        """Close all connections."""
        await self._driver.close()


class Transaction:
    """One write transaction; `totals` sums what its statements changed (`nodes_created`, `properties_set`, …)."""

    def __init__(self, transaction: neo4j.ManagedTransaction | neo4j.Transaction, prefix: str = "") -> None:
        self._transaction, self._prefix = transaction, prefix
        self.totals: Counter[str] = Counter()

    def run(self, text: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run a statement in this transaction and return its rows as plain values."""
        result = self._transaction.run(self._prefix + text, parameters)
        found = rows(result)
        counters = result.consume().counters
        self.totals.update({name: count for name in _COUNTED if (count := getattr(counters, name))})
        return found


class GraphWriter:
    """The writer for connectors and set-up; synchronous. Its errors are `GraphWriteError`; `seconds` bounds a write."""

    def __init__(
        self, url: str, user: str, password: str, *, database: str | None = None, seconds: float | None = None
    ) -> None:
        _silence_driver()
        self._driver = neo4j.GraphDatabase.driver(
            url,
            auth=(user, password),
            notifications_min_severity="OFF",
            telemetry_disabled=True,
            connection_timeout=CONNECT_SECONDS,
            max_transaction_retry_time=seconds or 30.0,
        )
        self._database, self._seconds = database, seconds
        # Shared by all sessions: in a cluster, what one of them wrote is seen by the next one's reading.
        self._seen = neo4j.GraphDatabase.bookmark_manager()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_reachable(self) -> None:
        """Raise GraphWriteError at once where there is no graph, for which reading and writing wait half a minute."""
        try:
            self._driver.verify_connectivity()
        except (exceptions.Neo4jError, exceptions.DriverError) as error:
            raise _write_error(error, "a reading") from None

    def bookmarks(self) -> list[str]:
        """What was written so far, for readers on other servers of a cluster."""
        return sorted(self._seen.get_bookmarks())

    def write(self, work: Callable[[Transaction], T], *, plan_once: bool = False, seconds: float | None = None) -> T:
        """Run `work` in one transaction, which is kept or undone as a whole.

        `work` is called again after a transient error, so it must change nothing but its transaction. With `plan_once`
        the server keeps the plan of each statement however the graph grows; the statements must need no other. It may
        take so many `seconds`, else those of the writer, else LONGEST_WRITE.
        """
        prefix = PLAN_ONCE if plan_once else ""
        try:
            with self._driver.session(database=self._database, bookmark_manager=self._seen) as session:
                bounded = neo4j.unit_of_work(timeout=seconds or self._seconds or LONGEST_WRITE)
                return session.execute_write(bounded(lambda transaction: work(Transaction(transaction, prefix))))
        except (exceptions.Neo4jError, exceptions.DriverError) as error:
            raise _write_error(error) from None

    def begin(self, work: Callable[[Transaction], T], *, plan_once: bool = False) -> tuple[T, Callable[[], None]]:
        """Run `work` in a transaction that stays open, and return what ends it, which any thread may call once.

        That raises GraphWriteError, as this does; nothing is tried again. If `work` raises, the transaction is undone.
        """
        session = self._driver.session(database=self._database, bookmark_manager=self._seen)
        try:
            opened = session.begin_transaction(timeout=self._seconds or LONGEST_WRITE)
            done = work(Transaction(opened, PLAN_ONCE if plan_once else ""))
        except (exceptions.Neo4jError, exceptions.DriverError) as error:
            session.close()
            raise _write_error(error) from None
        except BaseException:
            session.close()
            raise

        def commit() -> None:
            try:
                with session:
                    opened.commit()
            except (exceptions.Neo4jError, exceptions.DriverError) as error:
                raise _write_error(error) from None

        return done, commit

    def read(self, text: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of one read statement, repeated after a transient error."""
        try:
            with self._driver.session(
                database=self._database, default_access_mode=neo4j.READ_ACCESS, bookmark_manager=self._seen
            ) as session:
                return session.execute_read(lambda tx: rows(tx.run(text, parameters)))
        except (exceptions.Neo4jError, exceptions.DriverError) as error:
            raise _write_error(error, "a reading") from None

    def run_schema(self, text: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run a statement that cannot share a transaction with data, such as one that creates an index.

        Repeated after a transient error: two processes that create indexes at the same time can deadlock.
        """
        try:
            with self._driver.session(database=self._database) as session:
                return session.execute_write(lambda tx: rows(tx.run(text, parameters)))
        except (exceptions.Neo4jError, exceptions.DriverError) as error:
            raise _write_error(error) from None

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()


def _operators(plan: Mapping[str, Any]) -> Iterator[str]:
    if "operatorType" in plan:
        yield str(plan["operatorType"]).partition("@")[0]
    for child in plan.get("children", ()):
        yield from _operators(child)


def _timeout() -> HubError:
    return HubError(Code.TIMEOUT, "the graph did not answer in time; ask again, for fewer nodes, or narrow the filter")


def _unavailable() -> HubError:
    return HubError(Code.GRAPH_UNAVAILABLE, "the graph cannot be reached; try again shortly")


def _code(error: Exception) -> str:
    return (error.code if isinstance(error, exceptions.Neo4jError) else None) or type(error).__name__


def _is_repeatable(error: exceptions.Neo4jError | exceptions.DriverError) -> bool:
    return error.is_retryable() and "OutOfMemory" not in _code(error)


def _read_error(error: exceptions.Neo4jError | exceptions.DriverError) -> HubError:
    code = _code(error)
    if "TransactionTimedOut" in code:
        return _timeout()
    if "OutOfMemory" in code:
        return HubError(Code.RESULT_LIMIT, "the answer is too large; ask for fewer nodes or fields")
    # The code is one of the server's fixed names; the message, which may quote the statement, is dropped.
    _log.warning("the graph failed: %s", code)
    if isinstance(error, exceptions.DriverError | exceptions.TransientError | exceptions.AuthError):
        return _unavailable()
    return internal_error()


def _write_error(error: Exception, refused: str = "a write") -> GraphWriteError:
    if isinstance(error, exceptions.DriverError):
        return GraphWriteError(
            _code(error),
            "the graph cannot be reached; see that it runs (a local one is started by `sluicegate graph start`), and "
            "that SLUICEGATE_GRAPH_URL, if it is set, is its address",
        )
    if isinstance(error, exceptions.AuthError):
        return GraphWriteError(_code(error), "the graph does not know the account or password that the settings name")
    return GraphWriteError(_code(error), f"the graph refused {refused}")


def _silence_driver() -> None:
    for name in ("neo4j", "neo4j.io", "neo4j.pool", "neo4j.notifications"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
