"""Prepares a request whose sender is known: all stages to its one Cypher statement, before the graph is asked.

The pipeline, `query --explain` and the preview of a draft call `prepare`, so that none of them shows another decision
than a running hub makes. The replay of the log decides by the same `DecisionCache`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from graphql import GraphQLSchema

from hub.errors import Code, HubError
from hub.home.seals import Seals
from hub.home.settings import Settings
from hub.request import limits, purpose
from hub.request.auth import Identified
from hub.request.compile import compile_plan
from hub.request.decision_cache import DecisionCache
from hub.request.denials import DenialErrors
from hub.request.plan import plan
from hub.request.plan_model import Planned
from hub.request.prepared.documents import DocumentCache, KeptDocument
from hub.request.prepared.plans import make_plan
from hub.request.prepared.registered import bind, find_operation
from hub.request.record import Trail, check_values
from hub.request.template import Binding, Statement
from hub.request.validation import closed_schema
from policies.model import Decision
from policies.succession import Successors
from schema.catalogue import Catalogue
from schema.predicate import PredicateError

Stage = Callable[[str], AbstractContextManager[object]]
"""Surrounds one stage, by its name."""


def no_stage(name: str) -> AbstractContextManager[object]:
    """Surrounds a stage with nothing."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Parts:
    """What preparing needs of a hub. `successors` are the merged grids as they were last read from the graph.

    Without `kept` every request is prepared from its text on: the plain way.
    """

    settings: Settings
    catalogue: Catalogue
    schema: GraphQLSchema
    seals: Seals = field(repr=False)
    decisions: DecisionCache = field(repr=False)
    successors: Successors
    detector: str
    kept: DocumentCache | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that may be answered: its operation, its plan, and its statement (None where nothing is fetched)."""

    validated: limits.Validated
    planned: Planned
    statement: Statement | None
    seals: Seals = field(repr=False)
    """Those with which its ids and cursors were opened, and with which its answer is sealed."""


def prepare(parts: Parts, trail: Trail, identified: Identified, now: dt.datetime, stage: Stage = no_stage) -> Prepared:
    """Stages 3 to 7 for a request whose sender is known; each stage's outcome is kept in `trail`.

    `now` is local and aware. Raises HubError where a stage refuses.
    """
    with stage("purpose"):
        trail.registered = operation = find_operation(identified)
        if operation is not None:
            identified = bind(identified, operation)
            trail.request = identified.request
        trail.purposed = purposed = purpose.check_purpose(identified, now.date(), parts.decisions.applicable)
    with stage("validate"):
        document = parts.kept.find(identified.request) if parts.kept is not None else None
        trail.validated = validated = _validate(parts, document, purposed)
    with stage("decide"):
        decision = parts.decisions.of_request(parts.catalogue, purposed, parts.successors)
    with stage("plan"):
        bound = _bind_kept(parts, document, validated, decision)
        trail.planned = planned = bound[0] if bound else _plan_or_ask_for_case(parts, validated, decision)
        closed_schema.refuse_introspection(planned, parts.settings)
        check_values(trail)
    with stage("compile"):
        if bound is not None:
            statement = bound[1]
        else:
            template = compile_plan(planned, parts.catalogue, parts.detector)
            statement = template.bind(Binding(decision, parts.seals)) if template is not None else None
    if document is None and parts.kept is not None:
        parts.kept.keep(identified.request, validated.document, parts.schema)
    return Prepared(validated, planned, statement, parts.seals)


def _validate(parts: Parts, document: KeptDocument | None, purposed: purpose.Purposed) -> limits.Validated:
    """The operation of a request, from its kept document or from its text."""
    try:
        return document.validate(purposed) if document is not None else limits.validate(purposed, parts.schema)
    except closed_schema.SchemaFault as fault:
        raise closed_schema.told(fault, parts.settings) from None


def _bind_kept(
    parts: Parts, document: KeptDocument | None, validated: limits.Validated, decision: Decision
) -> tuple[Planned, Statement | None] | None:
    """The plan and the statement of a request by its kept plan, which is made when its document is found.

    None where the plan depends on values, or a value does not fit: then the plain way says why.
    """
    if document is None:
        return None
    split = document.variables.split(validated.variables)
    if split is None:
        return None
    # What the grants of a version give for a purpose is the same for every subject that they apply to; where grids
    # were merged, it depends on them and on where the subject's own was.
    place = validated.purposed.identified.subject.jurisdiction if parts.successors else None
    grids = frozenset(parts.successors.items())
    decided = (decision.version, decision.purpose, decision.grants, decision.case is not None, grids, place)
    key = (split.shape, decision.collected, decided, parts.detector)
    kept = document.plans.find(key)
    if kept is None:
        operation, fragments = document.document.operation, document.document.fragments
        made = make_plan(
            operation, fragments, split.slotted, decision, parts.schema, parts.catalogue, parts.seals, parts.detector
        )
        kept = document.plans.keep(key, made)
    try:
        return kept.bind(Binding(decision, parts.seals, split.values))
    except (HubError, PredicateError):
        return None


def _plan_or_ask_for_case(parts: Parts, validated: limits.Validated, decision: Decision) -> Planned:
    """The plan; raises CASE_REQUIRED where a filter, sort or group is refused for want of a case only."""
    try:
        return _plan(parts, validated, decision)
    except HubError as refusal:
        if refusal.code is not Code.FIELD_NOT_FILTERABLE or validated.purposed.case is not None:
            raise
        with_case = parts.decisions.with_case(parts.catalogue, validated.purposed, parts.successors)
        try:
            _plan(parts, validated, with_case)
        except HubError:
            raise refusal from None
        raise _case_required() from None


def _case_required() -> HubError:
    return HubError(
        Code.CASE_REQUIRED,
        "the query filters, sorts or groups by what this purpose shows with a case only: name it in the header "
        "Case-Reference",
    )


def _plan(parts: Parts, validated: limits.Validated, decision: Decision) -> Planned:
    document, schema, catalogue, seals = validated.document, parts.schema, parts.catalogue, parts.seals
    return plan(document.operation, document.fragments, validated.variables, decision, schema, catalogue, seals)


def denial_errors(parts: Parts, prepared: Prepared) -> DenialErrors:
    """The errors of a prepared request for what it is denied."""
    purposed, planned = prepared.validated.purposed, prepared.planned

    def answers(other: str) -> bool:
        """Whether the whole selection is answered under another purpose, with the same case or none."""
        asked = replace(purposed, purpose=other)
        try:
            decision = parts.decisions.of_request(parts.catalogue, asked, parts.successors)
            return not _plan(parts, prepared.validated, decision).denials
        except HubError:
            return False

    def with_case() -> Decision:
        return parts.decisions.with_case(parts.catalogue, purposed, parts.successors)

    return DenialErrors(parts.catalogue, purposed.identified.policy, planned.decision, with_case, answers)
