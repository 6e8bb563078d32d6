"""Shapes the rows of a statement into the answer that was asked for (stage 9).

The answer holds nothing that the plan does not name. The rows are decided and masked when they come; here surrogates
become sealed ids, sort keys become sealed cursors, denied selections and aggregate cells below the threshold become
null, each selection with one notice (FIELD_DENIED, SUPPRESSED), and masks that Cypher cannot express are applied. What
was fetched once is shown under each name that asks for it; the answer is bounded as it grows, names included. How the
client is told what is hidden: `answers/access.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, assert_never

from hub.errors import Code, HubError
from hub.graph.plain_rows import size_of, too_large
from hub.home.seals import Seals
from hub.request.answering.cell import AnswerCell
from hub.request.denials import DenialErrors
from hub.request.filters import bad_cursor
from hub.request.lists.cuts import CUT_BYTES, Cut, Ended, cuts_in, path_size
from hub.request.lists.parts import CursorPart, EdgesPart, ListShape, NodePart, PageInfoPart, TypenameCell
from hub.request.plan_model import (
    Accesses,
    Aggregate,
    Cell,
    DeniedCell,
    EdgeCell,
    Fetch,
    FetchedRoot,
    FieldCell,
    IdCell,
    Introspection,
    Lookup,
    MyAccess,
    NodeFetch,
    NodePlan,
    Nodes,
    Page,
    Planned,
)
from hub.request.provenance.cell import ProvenanceCell
from hub.request.provenance.entries import Found, entries
from hub.request.verifying.root import Verification, agreement
from policies.aggregate import MAX_CELLS, PAGE_CELLS, Counted, cells, domain, frequent_words
from policies.masking import mask_fetched
from policies.text.spans import free_text
from schema.catalogue import Catalogue
from schema.derived_names import LIST_INFO
from schema.graphql import ACCESS, PROVENANCE_TYPE, aggregate_type


@dataclass(frozen=True, slots=True)
class Answer:
    """Data and errors, and what the audit record keeps: how many nodes, and the surrogates of the people in them.

    `withheld` says by response name of an aggregate which of its rows have no count. `access` is what the client is
    told of what is hidden.
    """

    data: dict[str, Any]
    errors: tuple[HubError, ...]
    nodes: int
    subjects: tuple[str, ...]
    cut: tuple[Cut, ...] = ()
    withheld: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    answers: int = 0
    """How many answers of nodes it gives, those that are null included."""
    access: Mapping[str, Any] | None = None


def respond(
    planned: Planned,
    row: Mapping[str, Any],
    answered_elsewhere: Mapping[str, Any],
    catalogue: Catalogue,
    seals: Seals,
    denial_errors: DenialErrors,
    byte_cap: int,
) -> Answer:
    """The answer made of the statement's one row (`r0`, `r1`, …) and of root fields that the graph does not answer.

    `answered_elsewhere` holds the latter by response name: introspection, `myAccess`, who saw a person's data. Raises
    RESULT_LIMIT where names, values and what is told of cuts are larger than `byte_cap` together (about, as JSON).
    """
    return _Responder(planned, catalogue, seals, denial_errors, byte_cap).answer(row, answered_elsewhere)


_Row = Sequence[Any]
"""The row of a node (`NodeFetch`), or of a page: the keys of its place, and the row of its node."""
_Step = tuple[str, int | Callable[[_Row], Any]]
"""A name in the answer, and the place in the row of its value, or what makes the value of the row."""


class _Responder:
    def __init__(
        self, planned: Planned, catalogue: Catalogue, seals: Seals, denial_errors: DenialErrors, byte_cap: int
    ) -> None:
        self.planned, self.seals, self.denial_errors = planned, seals, denial_errors
        self.department = planned.decision.subject.department
        self.purpose = planned.decision.purpose
        self.people = {each.name for each in catalogue if each.subjects == ()}
        self.errors = [denial_errors.denied(denial) for denial in planned.denials]
        self.subjects: dict[str, None] = {}
        self.nodes = self.answers = 0
        self._cap = self._left = byte_cap
        # A row is shown under each name that asks for it, but sealed once.
        self._ids: dict[tuple[int, str], str] = {}
        self._cursors: dict[tuple[bytes, str], str] = {}
        self._steps: dict[int, tuple[bool, int, tuple[_Step, ...]]] = {}
        """By the identity of a node plan, which lives as long as the plan of the operation."""
        self._ended: dict[int, Ended] = {}
        """By the identity of an object or list of the answer that was cut."""
        self.withheld: dict[str, tuple[int, ...]] = {}

    def answer(self, row: Mapping[str, Any], answered_elsewhere: Mapping[str, Any]) -> Answer:
        data: dict[str, Any] = {}
        for root in self.planned.roots:
            if isinstance(root, FetchedRoot):
                column, fetch = self.planned.fetches[root.name]
                data[root.name] = self._fetched(root, fetch, row[column], answered_elsewhere.get(root.name))
            elif isinstance(root, Nodes):
                data[root.name] = self._nodes(root, row)
            elif isinstance(root, TypenameCell):
                data[root.name] = root.text
            else:
                elsewhere = isinstance(root, Introspection | MyAccess)
                data[root.name] = answered_elsewhere.get(root.name) if elsewhere else None
        cut = tuple(self._cuts(data)) if self._ended else ()
        self._use(sum(path_size(each.path) for each in self.errors))
        return Answer(data, tuple(self.errors), self.nodes, tuple(self.subjects), cut, self.withheld, self.answers)

    def _cuts(self, data: dict[str, Any]) -> Iterator[Cut]:
        for each in cuts_in(data, self._ended):
            self._use(CUT_BYTES + path_size(each.path))
            yield each

    def _fetched(self, root: FetchedRoot, fetch: Fetch, result: Any, rows: Any) -> Any:
        match root:
            case Lookup():
                return self._node(root.node, fetch.node, result[0]) if result else None
            case Page():
                return self._page(root, fetch.node, result)
            case Aggregate():
                return self._aggregate(root, result)
            case Accesses():
                return self._accesses(root, result, rows)
            case Verification():
                self.subjects.update(dict.fromkeys(result[:1]))
                return agreement(result)

    def _show(self, shown: dict[str, Any], name: str, value: Any) -> None:
        """One member of an object of the answer."""
        self._use(len(name) + size_of(value))
        shown[name] = value

    def _use(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise too_large(self._cap)

    def _accesses(self, root: Accesses, sids: list[str], rows: Any) -> list[dict[str, Any]] | None:
        """Who saw a person's data; null if nobody was found."""
        if not sids or rows is None:
            return None
        self.subjects[sids[0]] = None
        self.nodes += 1 + len(rows)
        return [self._access(root, each) for each in rows]

    def _access(self, root: Accesses, row: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, name in root.cells:
            self._show(shown, key, ACCESS if name == "__typename" else row[name])
        return shown

    # Nodes.

    def _nodes(self, root: Nodes, row: Mapping[str, Any]) -> list[dict[str, Any] | None]:
        """A node, or null, in each place that was asked for."""
        rows = [{each[0]: each for each in self.planned.result(lookup, row)} for lookup in root.lookups]
        fetches = [self.planned.fetches[lookup.name][1].node for lookup in root.lookups]
        self._use(len(root.places) * size_of(None))
        return [
            self._node(root.lookups[at].node, fetches[at], rows[at][sid]) if rows and sid in rows[at] else None
            for at, sid in root.places
        ]

    def _node(self, plan: NodePlan, fetch: NodeFetch, row: _Row) -> dict[str, Any]:
        self.nodes += 1
        if plan.entity.name in self.people:
            self.subjects[row[0]] = None
        known = self._steps.get(id(plan))
        if known is None:
            made = tuple(self._step(plan, fetch, cell) for cell in plan.cells)
            answers = sum(isinstance(cell, AnswerCell) for cell in plan.cells)
            known = self._steps[id(plan)] = bool(fetch.to_people), answers, made
        tells_of_people, answers, steps = known
        self.answers += answers
        if tells_of_people:
            self.subjects.update(dict.fromkeys(row[-1]))
        shown: dict[str, Any] = {}
        masked: dict[int, Any] = {}
        used = 0
        for name, source in steps:
            value = row[source] if isinstance(source, int) else source(row)
            if type(value) is dict and isinstance(source, int):  # Cypher could not mask it
                if source not in masked:
                    masked[source] = self._masked(value)
                value = masked[source]
            used += len(name) + size_of(value)
            shown[name] = value
        self._use(used)
        return shown

    def _step(self, plan: NodePlan, fetch: NodeFetch, cell: Cell) -> _Step:
        """How one cell is shown in every row of a plan: looked for once, because a page has thousands of cells."""
        match cell:
            case FieldCell(name):
                return name, fetch.field(cell).column
            case AnswerCell(name):
                return name, fetch.answer(cell).column
            case IdCell(name):
                return name, lambda row: self._id(plan.entity.tag, row[0])
            case TypenameCell(name, text):
                return name, lambda _: text
            case DeniedCell(name):
                return name, lambda _: None
            case EdgeCell(name):
                edge = fetch.edge(cell)
                coordinate = f"{plan.entity.name}.{cell.edge}"
                return name, lambda row: self._edge(coordinate, cell, edge.node, row[edge.column])
            case ProvenanceCell(name):
                column = fetch.provenance
                return name, lambda row: self._provenance(cell, row[column])
        assert_never(cell)

    def _id(self, tag: int, sid: str) -> str:
        if (tag, sid) not in self._ids:
            self._ids[tag, sid] = self.seals.seal_id(self.department, self.purpose, tag, sid)
        return self._ids[tag, sid]

    def _masked(self, cell: Mapping[str, Any]) -> Any:
        """A cell that is masked here, because Cypher could not mask it."""
        value = free_text(cell["v"], cell["s"], cell["c"]) if "s" in cell else cell["v"]
        return mask_fetched(cell["m"], value, self.planned.decision.today, self._pseudonym_key)

    @cached_property
    def _pseudonym_key(self) -> bytes:
        """Derived once: for each of fifty texts it took a tenth of the processor of the request."""
        return self.seals.pseudonym_key(self.department, self.purpose)

    def _edge(self, coordinate: str, cell: EdgeCell, fetch: NodeFetch, fetched: Any) -> Any:
        if cell.first is None:
            return None if fetched is None else self._node(cell.nodes[0], fetch, fetched)
        total = fetched[0][0] if fetched else 0
        rows = [row for _, row in fetched[: cell.first]]
        shown: Any
        if cell.shape is None:
            shown = [self._node(cell.nodes[0], fetch, row) for row in rows]
        else:
            shown = self._list(cell, cell.shape, fetch, rows, total)
        if total > cell.first:
            self._ended[id(shown)] = Ended(coordinate, cell.first, total)
        return shown

    def _list(
        self, cell: EdgeCell, shape: ListShape, fetch: NodeFetch, rows: Sequence[_Row], total: int
    ) -> dict[str, Any]:
        """A nested list with its page info."""
        info = {"__typename": LIST_INFO, "hasNextPage": total > len(rows), "totalCount": total}
        shown: dict[str, Any] = {}
        for part in shape:
            match part:
                case TypenameCell(name, text):
                    self._show(shown, name, text)
                case NodePart(name, index):
                    self._show(shown, name, [self._node(cell.nodes[index], fetch, row) for row in rows])
                case PageInfoPart(name, fields):
                    inner: dict[str, Any] = {}
                    for key, field in fields:
                        self._show(inner, key, info[field])
                    self._show(shown, name, inner)
        return shown

    def _provenance(self, cell: ProvenanceCell, found: Sequence[Found] | None) -> list[dict[str, Any]] | None:
        return None if found is None else [self._source(cell, each) for each in entries(found, cell.compared)]

    def _source(self, cell: ProvenanceCell, entry: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, part in cell.parts:
            self._show(shown, key, PROVENANCE_TYPE if part == "__typename" else entry[part])
        return shown

    # Pages.

    def _page(self, page: Page, fetch: NodeFetch, rows: Sequence[_Row]) -> dict[str, Any]:
        more = len(rows) > page.first
        shown = rows[: page.first][:: -1 if page.backward else 1]
        if page.match is not None and page.entity.name in self.people:
            # That the person is there was told, whatever was selected.
            self.subjects.update(dict.fromkeys(node[0] for _, node in shown))
        connection: dict[str, Any] = {}
        for part in page.shape:
            match part:
                case TypenameCell(name, text):
                    self._show(connection, name, text)
                case EdgesPart(name):
                    edges = [self._edge_of_page(page, fetch, part, row) for row in shown]
                    self._show(connection, name, edges)
                case PageInfoPart(name, fields):
                    info: dict[str, Any] = {}
                    for key, field in fields:
                        self._show(info, key, self._page_info(page, field, shown, more))
                    self._show(connection, name, info)
        if more and page.match is None:
            self._ended[id(connection)] = Ended(f"Query.{page.entity.plural}", page.first, None)
        return connection

    def _edge_of_page(self, page: Page, fetch: NodeFetch, part: EdgesPart, row: _Row) -> dict[str, Any]:
        edge: dict[str, Any] = {}
        for each in part.parts:
            match each:
                case NodePart(name, index):
                    self._show(edge, name, self._node(page.nodes[index], fetch, row[1]))
                case CursorPart(name):
                    self._show(edge, name, self._cursor(page, row))
                case TypenameCell(name, text):
                    self._show(edge, name, text)
        return edge

    def _page_info(self, page: Page, field: str, rows: Sequence[_Row], more: bool) -> Any:
        match field:
            case "__typename":
                return "PageInfo"
            case "hasNextPage" | "hasPreviousPage":
                # The other way there is the row of the cursor, at least.
                return more if (field == "hasPreviousPage") == page.backward else page.after is not None
            case _:
                row = (rows[0] if field == "startCursor" else rows[-1]) if rows else None
                return None if row is None else self._cursor(page, row)

    def _cursor(self, page: Page, row: _Row) -> str:
        keys, node = row
        key = (page.binding, node[0])
        if key not in self._cursors:
            payload = json.dumps([*keys, node[0]], ensure_ascii=False).encode()
            self._cursors[key] = self.seals.seal_cursor(page.binding, payload)
        return self._cursors[key]

    # Aggregates.

    def _aggregate(self, root: Aggregate, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        counted = {tuple(cells[:-1]): cells[-1] for cells in result["rows"]}
        if any(bucket.kind == "words" for _, bucket in root.buckets):
            return self._cells_of_page(root, frequent_words(counted))
        domains = [domain(*bucket, result.get(f"d{index}")) for index, bucket in enumerate(root.buckets)]
        found = cells(domains, counted, 0 if root.exact else None)
        if found is None:
            raise HubError(
                Code.COST_LIMIT, f"this grouping has more than {MAX_CELLS:,} cells; group by fewer or coarser buckets"
            )
        return self._cells_of_page(root, found)

    def _cells_of_page(self, root: Aggregate, found: list[Counted]) -> list[dict[str, Any]]:
        total = len(found)
        if root.after is not None:
            before = next((at for at, (key, _) in enumerate(found) if key == root.after), None)
            if before is None:  # a division that was merged since, or an unforeseen value that is rare now
                raise bad_cursor()
            found = found[before + 1 :]
        if root.first is None and len(found) > PAGE_CELLS:
            pages = f"`first: {PAGE_CELLS}`, then `after` with the `cursor` of the last row"
            raise HubError(Code.COST_LIMIT, f"this grouping has {len(found):,} cells; ask for them in pages: {pages}")
        page = found[: root.first]
        withheld = tuple(at for at, (_, count) in enumerate(page) if count is None)
        if withheld:
            self.errors.append(self.denial_errors.suppressed(root.name))
            self.withheld[root.name] = withheld
        shown = [self._aggregate_row(root, key, count) for key, count in page]
        if len(found) > len(page):
            self._ended[id(shown)] = Ended(f"Query.{root.entity.plural}Aggregate", len(page), total)
        return shown

    def _aggregate_row(self, root: Aggregate, key: tuple[Any, ...], count: int | None) -> dict[str, Any]:
        values = {bucket.name: value for (_, bucket), value in zip(root.buckets, key, strict=True)}
        values |= {"__typename": aggregate_type(root.entity), "count": count}
        if any(cell == "cursor" for _, cell in root.cells):
            values["cursor"] = self.seals.seal_cursor(root.binding, json.dumps(key, ensure_ascii=False).encode())
        shown: dict[str, Any] = {}
        for name, cell in root.cells:
            self._show(shown, name, values.get(cell))
        return shown
