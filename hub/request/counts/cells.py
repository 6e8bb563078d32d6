"""Compiles an aggregate into the lines of a statement (stage 7): its cells as in `policies/aggregate.py`.

No count below the threshold or unrounded leaves the database.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.request.counts.from_indexes import counts_from_indexes, indexes_suffice
from hub.request.cypher import POLICY, Cypher, Node, both
from hub.request.cypher_masks import cut
from hub.request.filters import names_division
from hub.request.plan_model import Aggregate
from policies.aggregate import DOMINANT, one_subject
from policies.model import RowSet
from schema.catalogue import Bucket, Entity, Field
from schema.predicate import Placeholder, Predicate

Found = Callable[[Entity, RowSet, Predicate], tuple[Node, list[str]]]
"""A node of the rows, and the lines that find each one for which a condition of the request holds."""


class Cells:
    """Writes the part of a statement that answers an aggregate."""

    def __init__(self, cypher: Cypher, found: Found) -> None:
        self.cypher = cypher
        self.found = found

    def statement(self, root: Aggregate, name: str) -> str:
        """The lines that return a map of the cells, and of the divisions that they could name, as `name`."""
        table = self.cypher.table(root.entity)
        counted = table.visible if root.exact else table.contributing
        narrowed = names_division(root.where)
        if _is_one_row(root) and indexes_suffice(self.cypher, root, counted, narrowed):
            lines = counts_from_indexes(self.cypher, root, counted, narrowed, lambda node: self._hidden(root, node))
            lines += self._sums(root)
        else:
            node, found = self.found(root.entity, counted, root.where)
            lines = [f"  {line}" for line in found]
            lines += self._counts_of_nodes(root, node) if _is_one_row(root) else self._counts_of_rows(root, node)
        cells = ", ".join([*_groups(root), "amount" if root.exact else self._rounded(table.rounding)])
        lines.append(f"  RETURN {{rows: collect([{cells}]), {self._places(root)}}} AS {name}")
        return "\n".join(lines)

    def _counts_of_nodes(self, root: Aggregate, node: Node) -> list[str]:
        """One row for each cell where each node is one row, and counts for itself.

        Counted by region first and then by the division that it lies in: 300,000 people by street and age in half the
        time, because cutting a path takes longer than counting a row.
        """
        finer = [self.cypher.bucket_cell(node, field, bucket) for field, bucket in root.buckets]
        counts = [f"count({node.var}) AS found"]
        if not root.exact:
            counts.append(f"count({self._if_unlisted(root, node, node.var)}) AS share")
        named = [f"{value} AS {name}" for name, value in zip(_groups(root), finer, strict=True)]
        return [f"  WITH {', '.join([*named, *counts])}", *self._sums(root)]

    def _sums(self, root: Aggregate) -> list[str]:
        """The cells of divisions, made of those of regions."""
        divisions = [_division(name, bucket) for name, (_, bucket) in zip(_groups(root), root.buckets, strict=True)]
        sums = ["sum(found) AS amount"] if root.exact else ["sum(found) AS amount", "sum(share) AS contributors"]
        enough = "amount > 0" if root.exact else self._enough(root)
        return [f"  WITH {', '.join([*divisions, *sums])}", f"  WHERE {enough}"]

    def _counts_of_rows(self, root: Aggregate, node: Node) -> list[str]:
        """As `_counts_of_nodes` where a node may be several rows: one for each word, or for each of its people."""
        lines = self._divisions_first(root, node)
        subject = "" if root.exact else self._people(root.entity, node, lines)
        buckets = [
            name if bucket.level is not None else f"{self._bucket(node, field, bucket, lines)} AS {name}"
            for name, (field, bucket) in zip(_groups(root), root.buckets, strict=True)
        ]
        if root.exact:
            return [*lines, f"  WITH {', '.join([*buckets, f'count(DISTINCT {node.var}) AS amount'])}"]
        return [*lines, *self._counts(root, node, subject, buckets)]

    def _divisions_first(self, root: Aggregate, node: Node) -> list[str]:
        """The nodes of a region together, so that its path is cut once, and not for each of them."""
        regions = [each for each in zip(_groups(root), root.buckets, strict=True) if each[1][1].level is not None]
        if not regions:
            return []
        uncut = [f"{self.cypher.bucket_cell(node, *bucket)} AS {name}" for name, bucket in regions]
        return [
            f"  WITH {', '.join([*uncut, f'collect({node.var}) AS rows'])}",
            f"  WITH {', '.join([*(_division(name, bucket) for name, (_, bucket) in regions), 'rows'])}",
            f"  UNWIND rows AS {node.var}",
        ]

    def _bucket(self, node: Node, field: Field, bucket: Bucket, lines: list[str]) -> str:
        """The bucket of a row; a text is in the group of each of its words."""
        if bucket.kind != "words":
            return self.cypher.bucket_cell(node, field, bucket)
        word = self.cypher.variable()
        lines.append(f"  UNWIND {self.cypher.words(node, field)} AS {word}")
        return word

    def _enough(self, root: Aggregate) -> str:
        return f"contributors >= {self.cypher.parameter(self.cypher.table(root.entity).contributors)}"

    def _counts(self, root: Aggregate, node: Node, subject: str, buckets: list[str]) -> list[str]:
        """One row for each cell, with its `amount`, if enough people contribute and none of them dominates."""
        enough = self._enough(root)
        if not one_subject(self.cypher.catalogue, root.entity):
            whose = self._if_unlisted(root, node, subject)
            counts = [f"count(DISTINCT {node.var}) AS amount", f"count(DISTINCT {whose}) AS contributors"]
            return [f"  WITH {', '.join(buckets + counts)}", f"  WHERE {enough}"]
        # Counted by person first, so that the largest share of one person is known.
        share = self._if_unlisted(root, node, node.var)
        each = [f"count(DISTINCT {share}) AS share", f"count(DISTINCT {node.var}) AS found"]
        shares = f"  WITH {', '.join([*buckets, subject, *each])}"
        counts = [
            "sum(found) AS amount",
            "sum(share) AS total",
            f"count(CASE WHEN share > 0 THEN {subject} END) AS contributors",
            f"max(CASE WHEN {subject} IS NOT NULL THEN share END) AS largest",
        ]
        return [
            shares,
            f"  WITH {', '.join([*_groups(root), *counts])}",
            f"  WHERE {enough} AND {DOMINANT} * largest <= total",
        ]

    def _if_unlisted(self, root: Aggregate, node: Node, what: str) -> str:
        """What counts towards a threshold: that of rows which the asker may not list."""
        hidden = self._hidden(root, node)
        return f"CASE WHEN {hidden} THEN {what} END" if hidden else what

    def _hidden(self, root: Aggregate, node: Node) -> str:
        """Whether a row is one that the asker may not list with all that is counted by; empty if each row is."""
        table = self.cypher.table(root.entity)
        listed = [table.visible, *(table.of(each).clear for each in root.fields)]
        if not all(listed):
            return ""
        return f"NOT coalesce({both(*(f'({self.cypher.rows(node, rows)})' for rows in listed))}, false)"

    def _rounded(self, base: int) -> str:
        """To the nearest multiple, halves upwards; integers divide to integers in Cypher."""
        if base == 1:
            return "amount"
        to = self.cypher.parameter(base)
        return f"(amount + {to} / 2) / {to} * {to}"

    def _people(self, entity: Entity, node: Node, lines: list[str]) -> str:
        """The people that a row is about; a rule counts them, so the edges to them are read for the policy."""
        paths = entity.subjects or ()
        if not paths:
            return node.var
        if len(paths) == 1:
            person, steps = self._way(node, paths[0])
            lines.extend(f"  OPTIONAL {step}" for step in steps)
            return person.var
        name, ways = self.cypher.variable(), []
        for path in paths:
            person, steps = self._way(node, path)
            ways.append(f"{' '.join(steps)} RETURN {person.var} AS {name}")
        lines.append(f"  OPTIONAL CALL ({node.var}) {{ {' UNION '.join(ways)} }}")
        return name

    def _way(self, node: Node, path: tuple[str, ...]) -> tuple[Node, list[str]]:
        """The node at the end of a path, and a `MATCH` for each step."""
        way = list(self.cypher.way(node, path, "contributors", POLICY))
        return way[-1][1], [f"MATCH {pattern} WHERE {other.var}.deletedAt IS NULL" for pattern, other in way]

    def _places(self, root: Aggregate) -> str:
        """The divisions that a region bucket could name, so that an empty one looks like a suppressed one."""
        lists = []
        for index, (_, bucket) in enumerate(root.buckets):
            if bucket.level is not None:
                level = self.cypher.parameter(bucket.level.value)
                within = self.cypher.operand(Placeholder("subject.jurisdiction"))
                where = f"g.level = {level} AND g.region STARTS WITH {within} AND g.deletedAt IS NULL"
                paths = f"MATCH (g:Region) WHERE {where} RETURN DISTINCT g.region AS path ORDER BY path"
                lists.append(f"d{index}: COLLECT {{ {paths} }}")
        return ", ".join(lists) or "d: null"


def _groups(root: Aggregate) -> list[str]:
    """The names of the buckets in the statement."""
    return [f"b{index}" for index in range(len(root.buckets))]


def _division(name: str, bucket: Bucket) -> str:
    """The cell of a row, of which the region is uncut."""
    return name if bucket.level is None else f"{cut(name, bucket.level.depth)} AS {name}"


def _is_one_row(root: Aggregate) -> bool:
    """Whether each node is one row: it has no words, and the people that it is about are not looked for."""
    return not any(bucket.kind == "words" for _, bucket in root.buckets) and (root.exact or not root.entity.subjects)
