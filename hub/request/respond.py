"""Shapes the rows of a statement into the answer that was asked for (stage 9).

The answer holds nothing that the plan does not name. The rows are decided and masked when they come; here surrogates
become sealed ids, sort keys become sealed cursors, denied selections become null with FIELD_DENIED, aggregate cells
below the threshold become null with SUPPRESSED, and masks that Cypher cannot express are applied.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import Code, HubError
from hub.home.seals import Seals
from hub.request.denials import DenialErrors
from hub.request.plan_model import (
    Accesses,
    Aggregate,
    CursorPart,
    DeniedCell,
    EdgeCell,
    EdgesPart,
    FieldCell,
    IdCell,
    Introspection,
    Lookup,
    NodePart,
    NodePlan,
    NullRoot,
    Page,
    PageInfoPart,
    Planned,
    TypenameCell,
)
from policies.aggregate import MAX_CELLS, cells, domain, frequent_words
from policies.masking import mask_fetched
from policies.text.spans import FreeText, checksum
from schema.catalogue import Catalogue
from schema.graphql import ACCESS, aggregate_type


@dataclass(frozen=True, slots=True)
class Answer:
    """Data and errors, and what the audit record keeps: how many nodes, and the surrogates of the people in them."""

    data: dict[str, Any]
    errors: tuple[HubError, ...]
    nodes: int
    subjects: tuple[str, ...]


def respond(
    planned: Planned,
    row: Mapping[str, Any],
    answered_elsewhere: Mapping[str, Any],
    catalogue: Catalogue,
    seals: Seals,
    denial_errors: DenialErrors,
) -> Answer:
    """The answer made of the statement's one row (`r0`, `r1`, …) and of root fields that the graph does not answer.

    `answered_elsewhere` holds the latter by response name: introspection, and who saw a person's data.
    """
    return _Responder(planned, catalogue, seals, denial_errors).answer(row, answered_elsewhere)


class _Responder:
    def __init__(self, planned: Planned, catalogue: Catalogue, seals: Seals, denial_errors: DenialErrors) -> None:
        self.planned = planned
        self.seals = seals
        self.denial_errors = denial_errors
        self.department = planned.decision.subject.department
        self.purpose = planned.decision.purpose
        self.people = {found.name for each in catalogue if (found := catalogue.subject_entity(each)) is not None}
        self.errors = [denial_errors.denied(denial) for denial in planned.denials]
        self.subjects: dict[str, None] = {}
        self.nodes = 0

    def answer(self, row: Mapping[str, Any], answered_elsewhere: Mapping[str, Any]) -> Answer:
        data: dict[str, Any] = {}
        fetched = 0
        for root in self.planned.roots:
            if isinstance(root, Lookup | Page | Aggregate):
                data[root.name] = self._fetched(root, row[f"r{fetched}"])
                fetched += 1
            elif isinstance(root, Accesses):
                data[root.name] = self._accesses(root, row[f"r{fetched}"], answered_elsewhere.get(root.name))
                fetched += 1
            elif isinstance(root, TypenameCell):
                data[root.name] = root.text
            elif isinstance(root, Introspection):
                data[root.name] = answered_elsewhere.get(root.name)
            elif isinstance(root, DeniedCell | NullRoot):
                data[root.name] = None
        return Answer(data, tuple(self.errors), self.nodes, tuple(self.subjects))

    def _fetched(self, root: Lookup | Page | Aggregate, result: Any) -> Any:
        if isinstance(root, Lookup):
            return self._node(root.node, result[0]) if result else None
        return self._page(root, result) if isinstance(root, Page) else self._aggregate(root, result)

    def _accesses(self, root: Accesses, sids: list[str], rows: Any) -> list[dict[str, Any]] | None:
        """Who saw a person's data; null if the person was not found, as for a forged id."""
        if not sids or rows is None:
            return None
        self.subjects[sids[0]] = None
        self.nodes += 1 + len(rows)
        return [{key: ACCESS if name == "__typename" else each[name] for key, name in root.cells} for each in rows]

    # Nodes.

    def _node(self, plan: NodePlan, row: Mapping[str, Any]) -> dict[str, Any]:
        self.nodes += 1
        if plan.entity.name in self.people:
            self.subjects[row["s"]] = None
        self.subjects.update(dict.fromkeys(row.get("t", ())))
        shown: dict[str, Any] = {}
        for index, cell in enumerate(plan.cells):
            match cell:
                case FieldCell(name):
                    shown[name] = self._value(row[f"c{index}"])
                case IdCell(name):
                    shown[name] = self.seals.seal_id(self.department, self.purpose, plan.entity.tag, row["s"])
                case TypenameCell(name, text):
                    shown[name] = text
                case DeniedCell(name):
                    shown[name] = None
                case EdgeCell(name):
                    shown[name] = self._edge(cell, row[f"c{index}"])
        return shown

    def _value(self, cell: Any) -> Any:
        """A cell as it came, or masked here if Cypher could not mask it."""
        if not isinstance(cell, dict):
            return cell
        value = _free_text(cell["v"], cell["s"], cell["c"]) if "s" in cell else cell["v"]
        key = self.seals.pseudonym_key(self.department, self.purpose)
        return mask_fetched(cell["m"], value, self.planned.decision.today, key)

    def _edge(self, cell: EdgeCell, fetched: Any) -> Any:
        if cell.first is None:
            return None if fetched is None else self._node(cell.node, fetched)
        return [self._node(cell.node, row) for row in fetched]

    # Pages.

    def _page(self, page: Page, rows: list[Mapping[str, Any]]) -> dict[str, Any]:
        more = len(rows) > page.first
        shown = rows[: page.first]
        connection: dict[str, Any] = {}
        for part in page.shape:
            match part:
                case TypenameCell(name, text):
                    connection[name] = text
                case EdgesPart(name):
                    connection[name] = [self._edge_of_page(page, part, row) for row in shown]
                case PageInfoPart(name, fields):
                    connection[name] = {key: self._page_info(page, field, shown, more) for key, field in fields}
        return connection

    def _edge_of_page(self, page: Page, part: EdgesPart, row: Mapping[str, Any]) -> dict[str, Any]:
        edge: dict[str, Any] = {}
        for each in part.parts:
            match each:
                case NodePart(name, index):
                    edge[name] = self._node(page.nodes[index], row["n"][index])
                case CursorPart(name):
                    edge[name] = self._cursor(page, row)
                case TypenameCell(name, text):
                    edge[name] = text
        return edge

    def _page_info(self, page: Page, field: str, rows: list[Mapping[str, Any]], more: bool) -> Any:
        match field:
            case "__typename":
                return "PageInfo"
            case "hasNextPage":
                return more
            case "hasPreviousPage":
                return page.after is not None
            case _:
                row = (rows[0] if field == "startCursor" else rows[-1]) if rows else None
                return None if row is None else self._cursor(page, row)

    def _cursor(self, page: Page, row: Mapping[str, Any]) -> str:
        payload = json.dumps([*row["k"], row["s"]], ensure_ascii=False).encode()
        return self.seals.seal_cursor(page.binding, payload)

    # Aggregates.

    def _aggregate(self, root: Aggregate, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        counted = {tuple(cells[:-1]): cells[-1] for cells in result["rows"]}
        if any(bucket.kind == "words" for _, bucket in root.buckets):
            return [dict(self._aggregate_cells(root, key, count)) for key, count in frequent_words(counted)]
        domains = [domain(*bucket, result.get(f"d{index}")) for index, bucket in enumerate(root.buckets)]
        found = cells(domains, counted, 0 if root.exact else None)
        if found is None:
            raise HubError(
                Code.COST_LIMIT, f"this grouping has more than {MAX_CELLS} cells; group by fewer or coarser buckets"
            )
        if any(count is None for _, count in found):
            self.errors.append(self.denial_errors.suppressed(root.name))
        return [dict(self._aggregate_cells(root, key, count)) for key, count in found]

    def _aggregate_cells(self, root: Aggregate, key: tuple[Any, ...], count: int | None) -> Iterator[tuple[str, Any]]:
        values = {bucket.name: value for (_, bucket), value in zip(root.buckets, key, strict=True)}
        for name, cell in root.cells:
            if cell == "__typename":
                yield name, aggregate_type(root.entity)
            else:
                yield name, count if cell == "count" else values.get(cell)


def _free_text(text: str, spans: Any, check: Any) -> FreeText | str:
    """A text with its spans; without them, so that it is redacted whole, if they are not those of this text."""
    try:
        return FreeText(text, spans) if checksum(text, spans) == check else text
    except Exception:  # the spans are not numbers
        return text
