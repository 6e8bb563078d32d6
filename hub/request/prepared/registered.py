"""Finds the registered operation of a request, and binds the request to the purpose that it was registered for.

A document id counts for the application that it is registered for, and for nobody else. An application that is bound to
its registered operations asks nothing else. Of the purposes of token, operation and header the narrowest counts: what
is not in all of them that are stated is refused. Source: GraphQL over HTTP, appendix A.
"""

from __future__ import annotations

from dataclasses import replace

from hub.errors import Code, HubError
from hub.request.auth import Identified
from hub.request.endpoint import Request
from policies.model import DOCUMENTS_REGISTERED, PolicySet
from policies.operations.registered import Operation, document_id


def find_operation(identified: Identified) -> Operation | None:
    """The registered operation that a request asks; None for a document that its application may ask as it is.

    Raises OPERATION_NOT_REGISTERED.
    """
    request, policy, subject = identified.request, identified.policy, identified.subject
    bound = [each for each in subject.applications if policy.applications[each].documents == DOCUMENTS_REGISTERED]
    asked = request.document_id
    if asked is None:
        if not bound:
            return None
        # Whoever sends the whole text of a registered document asks that document.
        asked = document_id(request.query)
    operation = policy.operations.get((subject.application, asked))
    # An application that acts for another's user is bound to its own operations too.
    others = (policy.operations.get((each, asked)) for each in bound)
    if operation is None or not all(each is not None and each.purpose == operation.purpose for each in others):
        raise _not_registered(by_id=request.document_id is not None)
    return operation


def with_text(request: Request, policy: PolicySet, application: str) -> Request:
    """A request with the text that its document id stands for, if it is registered for the application."""
    operation = policy.operations.get((application, request.document_id or ""))
    return request if operation is None else replace(request, query=operation.document)


def bind(identified: Identified, operation: Operation) -> Identified:
    """The request with the text of its operation, bound to its purpose; raises PURPOSE_DENIED for another purpose.

    A request by id that states no purpose has that of the operation: it was stated when it was registered. A request by
    its text states its own, as every document does.
    """
    request, subject = identified.request, identified.subject
    stated = request.purpose_header
    if stated and stated != operation.purpose:
        raise HubError(
            Code.PURPOSE_DENIED,
            f"this operation is registered for {operation.purpose}; state that purpose, or none beside its documentId",
            access={"purposesThatWould": [operation.purpose]},
        )
    if request.document_id is not None:
        request = replace(request, query=operation.document, purpose_header=operation.purpose)
    own = frozenset({operation.purpose})
    purposes = own if subject.purposes is None else own & subject.purposes
    return replace(identified, request=request, subject=replace(subject, purposes=purposes))


def _not_registered(*, by_id: bool) -> HubError:
    if by_id:
        text = "no operation of this application has this documentId in the policy in force"
    else:
        text = "this application asks its registered operations alone, and this document is none of them"
    remedy = "have it registered: `sluicegate operations add` writes the entry that owners review and a steward drafts"
    return HubError(Code.OPERATION_NOT_REGISTERED, f"{text}; {remedy}")
