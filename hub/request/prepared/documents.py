"""The bounded cache of valid documents: an application sends the same few, each time with other variables.

Only a document without values of its own is kept. So what is kept holds nothing of a person, and how fast an answer
comes does not tell whether somebody else asked with the same value before. A document is kept when it comes for the
second time, so that documents which never come again push out none that do.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)

from hub.recently_used import RecentlyUsed
from hub.request.cost import Cost
from hub.request.endpoint import Request
from hub.request.limits import Document, Validated, coerce_variables, cost_of
from hub.request.lists.arguments import PAGE_MAX, SIZES
from hub.request.normalise import NormalisedDocument
from hub.request.prepared.plans import KeptPlan
from hub.request.prepared.variables import Variables
from hub.request.purpose import Purposed

KEPT = 512
"""Most documents kept; the least recently used goes first."""
REMEMBERED = 2_048
"""Of how many documents that came once it is known that they came."""
KEPT_CHARACTERS = 262_144
"""How long all kept documents may be together: the tree of one takes about two hundred times its own size."""
LONGEST = 8_192
"""The longest document that is kept, so that nobody's few documents push out everybody's."""
FEWEST_PLANS, MOST_PLANS, PLANS_CHARACTERS = 4, 64, 16_384
"""How many plans of one document are kept: so many that its text would be that long with each of them."""
KEPT_COSTS = 64
"""For how many choices of page sizes the cost of one document is kept."""

_Asked = tuple[str, str | None]


class KeptDocument:
    """A document that was valid once, so that only its variables and its cost are looked at again."""

    def __init__(self, document: Document, schema: GraphQLSchema, length: int) -> None:
        """`length` is that of its text: the longer it is, the fewer of its plans are kept."""
        self.document = document
        self._schema = schema
        self._sizes = size_variables(document.operation, document.fragments)
        self._asks_by_ids = bool(size_variables(document.operation, document.fragments, {"ids"}))
        self._costs: dict[tuple[Any, ...], Cost] = {}
        self.variables = Variables(schema, document.operation, self._sizes)
        plans = max(FEWEST_PLANS, min(MOST_PLANS, PLANS_CHARACTERS // length))
        self.plans: RecentlyUsed[Hashable, KeptPlan] = RecentlyUsed(plans)

    def validate(self, purposed: Purposed) -> Validated:
        """As `limits.validate` for a request with this document; raises VALIDATION or COST_LIMIT."""
        given = purposed.identified.request.variables
        cost = self._cost(given)
        variables = coerce_variables(self.document.operation, self._schema, given)
        return Validated(purposed, self.document, variables, cost)

    def _cost(self, given: Mapping[str, Any]) -> Cost:
        """The cost depends on page sizes; it is measured anew for what is none, and for a document that asks by ids."""
        sizes = tuple(given.get(name) for name in self._sizes)
        if self._asks_by_ids or not all(each is None or type(each) is int for each in sizes):
            return cost_of(self.document, self._schema, given)
        key = tuple((name in given, each) for name, each in zip(self._sizes, sizes, strict=True))
        if key not in self._costs:
            cost = cost_of(self.document, self._schema, given)
            if len(self._costs) >= KEPT_COSTS:
                self._costs.clear()
            self._costs[key] = cost
        return self._costs[key]


class DocumentCache:
    """The valid documents of one hub, by their text and the name of the operation."""

    def __init__(self, limit: int = KEPT, characters: int = KEPT_CHARACTERS) -> None:
        self._longest = min(LONGEST, characters)
        self._kept: RecentlyUsed[_Asked, KeptDocument] = RecentlyUsed(limit, lambda asked: len(asked[0]), characters)
        self._came: RecentlyUsed[int, bool] = RecentlyUsed(REMEMBERED)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def documents(self) -> tuple[KeptDocument, ...]:
        """The documents that are kept, the least recently used first."""
        return self._kept.values()

    @property
    def plans(self) -> int:
        """How many plans of all documents are kept."""
        return sum(len(each.plans) for each in self.documents)

    def find(self, request: Request) -> KeptDocument | None:
        """The document of a request, if it is kept."""
        return self._kept.find((request.query, request.operation_name))

    def keep(self, request: Request, document: Document, schema: GraphQLSchema) -> None:
        """Keep the valid document of a request that came before, unless it has values of its own.

        It must have one operation: what another one would do with a variable is not looked at again.
        """
        length, asked = len(request.query), (request.query, request.operation_name)
        if length <= self._longest and len(document.operations) == 1 and is_without_values(document.normalised):
            # Two documents of one hash are as good as one that came twice: the second is kept a request too early.
            if self._came.find(hash(asked)):
                self._kept.keep(asked, KeptDocument(document, schema, length))
            self._came.keep(hash(asked), value=True)


def is_without_values(document: NormalisedDocument) -> bool:
    """Whether each literal is a whole number no larger than a page: neither a text nor what could name anybody."""
    return not document.texts and all(map(_is_page_size, document.literals))


def _is_page_size(literal: str) -> bool:
    return literal.isdecimal() and len(literal) <= len(str(PAGE_MAX)) and int(literal) <= PAGE_MAX


def size_variables(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    arguments: Container[str] = SIZES,
) -> tuple[str, ...]:
    """The variables that say how long a list is, or that stand for other arguments."""
    sizes: dict[str, None] = {}

    class Reader(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if node.name.value in arguments and isinstance(node.value, VariableNode):
                sizes[node.value.name.value] = None

    for each in (operation, *fragments.values()):
        visit(each, Reader())
    return tuple(sizes)
