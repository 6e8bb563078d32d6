"""Registered operations as frozen data, and how an entry of a policy file becomes one.

An entry names what its policy version knows, its id is the digest of its text, and each department whose data it reads
has reviewed it; else the version does not load. Source: GraphQL over HTTP, appendix A, persisted documents.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from graphql import GraphQLSchema

from policies.operations.document import DocumentFault, check_document
from schema.catalogue import Catalogue
from schema.graphql import build

PREFIX = "sha256:"


@dataclass(frozen=True, slots=True)
class Operation:
    """A document that one application may ask by its id, for one purpose. `reviewed`: department → when it agreed."""

    id: str
    name: str
    application: str
    purpose: str
    reviewed: Mapping[str, dt.date]
    document: str = field(repr=False)
    place: str = ""


Operations = Mapping[tuple[str, str], Operation]
"""By application and document id."""


class OperationFault(ValueError):
    """An entry that does not register; `path` leads to the key that is wrong."""

    def __init__(self, problem: str, *path: str) -> None:
        super().__init__(problem)
        self.path = path


def document_id(text: str) -> str:
    """The SHA256 hex document identifier of a document: of its text as it is, in UTF-8."""
    return PREFIX + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Registry:
    """What the entries of one policy version are checked against; the schema is made for the first of them."""

    def __init__(
        self,
        catalogue: Catalogue,
        applications: Collection[str],
        purposes: Collection[str],
        owners: Mapping[str, str],
    ) -> None:
        self._catalogue, self._owners = catalogue, owners
        self._known = {"application": applications, "purpose": purposes}
        self._operations: dict[tuple[str, str], Operation] = {}

    @property
    def operations(self) -> Operations:
        """What was registered so far."""
        return self._operations

    @cached_property
    def _schema(self) -> GraphQLSchema:
        return build(self._catalogue)

    def register(self, stated: Operation) -> None:
        """Take an entry, whose name is not known yet; raises OperationFault."""
        for key, known in self._known.items():
            name = getattr(stated, key)
            if name not in known:
                raise OperationFault(f"unknown {key} {name!r}; known: {', '.join(sorted(known))}", key)
        right = document_id(stated.document)
        if stated.id != right:
            text = f"is not the id of this text; write {right}, once the owners have reviewed the text as it is now"
            raise OperationFault(text, "id")
        if (stated.application, right) in self._operations:
            raise OperationFault(f"this document is registered twice for {stated.application}; keep one", "id")
        try:
            checked = check_document(stated.document, self._schema, self._catalogue)
        except DocumentFault as wrong:
            raise OperationFault(str(wrong), "document") from None
        self._check_review(stated, checked.types)
        whole = Operation(
            right, checked.name, stated.application, stated.purpose, stated.reviewed, stated.document, stated.place
        )
        self._operations[stated.application, right] = whole

    def _check_review(self, stated: Operation, types: Collection[str]) -> None:
        departments = {*self._owners.values()}
        unknown = sorted(set(stated.reviewed) - departments)
        if unknown:
            known = ", ".join(sorted(departments)) or "none are named"
            raise OperationFault(f"{unknown[0]!r} owns no type; owners: {known}", "reviewed", unknown[0])
        for entity in sorted(types):
            owner = self._owners.get(entity)
            if owner is not None and owner not in stated.reviewed:
                text = (
                    f"it reads {entity}, which {owner} owns; add `{owner}: YYYY-MM-DD`, the day on which {owner} agreed"
                )
                raise OperationFault(text, "reviewed")
