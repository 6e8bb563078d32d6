"""Plans that are kept with their document: what the stages after validation make of it, with slots in place of values.

A kept plan is found by everything that it depends on: the shape of the variables, the decision without its subject, and
the detector. It holds no value, no subject and no case: these are filled in for each request, and the result is what
the plain way makes, but that rows which two variables ask for are fetched for each of them, even if their values are
equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from hub.errors import HubError
from hub.home.seals import Seals
from hub.request.compile import compile_joint, compile_plan
from hub.request.filters import cell_cursor_binding, cursor_binding
from hub.request.lists.arguments import NotOfItsShape
from hub.request.plan import plan
from hub.request.plan_model import Accesses, Aggregate, Lookup, Page, Planned, Root
from hub.request.template import Binding, JointTemplate, Statement, Template
from hub.request.verifying.root import Verification
from policies.model import Decision
from policies.rules import Subject
from schema.catalogue import Catalogue
from schema.predicate import All, Any_, Compare, Predicate, Related


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan and its statement, both with slots; the decision in the plan is of no subject.

    Without a plan it says that there is none to keep: the operation is refused, or its plan depends on values.
    """

    planned: Planned | None = None
    template: Template | None = None
    joint: JointTemplate | None = None

    def bind(self, binding: Binding) -> tuple[Planned, Statement | None] | None:
        """The plan and the statement of one request; raises HubError or PredicateError where a value does not fit."""
        if self.planned is None:
            return None
        planned = bind_plan(self.planned, binding)
        return planned, self.template.bind(binding, self.joint) if self.template is not None else None


def make_plan(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    slotted: VariableValues,
    decision: Decision,
    schema: GraphQLSchema,
    catalogue: Catalogue,
    seals: Seals,
    detector: str,
) -> KeptPlan:
    """The plan of an operation with slots for its values."""
    nobody = Subject("", "", "", "", "", "")
    theirs = replace(decision, subject=nobody, case=None if decision.case is None else "")
    try:
        planned = plan(operation, fragments, slotted, theirs, schema, catalogue, seals)
    except (NotOfItsShape, HubError):
        return KeptPlan()
    joint = compile_joint(planned, catalogue, detector)
    return KeptPlan(planned, compile_plan(planned, catalogue, detector), joint)


def bind_plan(planned: Planned, binding: Binding) -> Planned:
    """The plan of one request: the values of its slots put in, and its own decision."""
    roots = tuple(_bind_root(root, binding) for root in planned.roots)
    return replace(planned, decision=binding.decision, roots=roots)


def _bind_root(root: Root, binding: Binding) -> Root:
    match root:
        case Page():
            where, match = _bind_condition(root.where, binding), _bind_match(root.match, binding)
            bound = b""
            if root.binding:
                bound = cursor_binding(binding.decision, root.entity.plural, match or where, root.order)
            return replace(root, where=where, match=match, binding=bound)
        case Aggregate():
            where = _bind_condition(root.where, binding)
            bound = cell_cursor_binding(binding.decision, root.entity, where, root.buckets)
            return replace(root, where=where, binding=bound)
        case Lookup():
            return replace(root, sid=binding.value(root.sid))
        case Accesses():
            match = _bind_match(root.match, binding)
            return replace(root, match=match, since=binding.value(root.since), until=binding.value(root.until))
        case Verification():
            named, *others = (_bind_match(each, binding) for each in root.compared)
            return replace(root, named=named, others=tuple(others))
        case _:
            return root


def _bind_match(match: Compare | None, binding: Binding) -> Any:
    return None if match is None else replace(match, value=binding.value(match.value))


def _bind_condition(condition: Predicate, binding: Binding) -> Predicate:
    match condition:
        case All(parts):
            return All(tuple(_bind_condition(each, binding) for each in parts))
        case Any_(parts):
            return Any_(tuple(_bind_condition(each, binding) for each in parts))
        case Related():
            return replace(condition, where=_bind_condition(condition.where, binding))
        case Compare():
            return replace(condition, value=binding.value(condition.value))
        case _:
            return condition
