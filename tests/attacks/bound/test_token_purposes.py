"""A token that is bound to purposes opens nothing else, by no way out; with an operation the narrower counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from policies.language import load_files
from policies.operations.registered import document_id
from schema import SPINE
from tests.support.registered.county import RENTAL, TYPE_NAME, entry, files_with
from tests.support.registered.own_issuer import serving_own_issuer, token
from tests.support.serving import Served, code_of

pytestmark = pytest.mark.attack
OWN = "{ myAccess { purposes { purpose } } }"
FIRE = "safety.fire"
ID = document_id(TYPE_NAME)
AUDITORS = b"applications: [{id: audit-office, zh: A, en: A, department: police, role: auditor, jurisdiction: 14/}]"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    policy = load_files({**files_with(entry(TYPE_NAME)), "auditors.yaml": AUDITORS}, SPINE)
    with serving_own_issuer(tmp_path_factory.mktemp("own"), policy) as hub:
        yield hub


def bound_to(*purposes: str, **changes: Any) -> str:
    return token(authorization_details=[{"type": "sluicegate_purposes", "purposes": list(purposes)}], **changes)


def told_purposes(answer: httpx.Response) -> list[str]:
    return [each["purpose"] for each in answer.json()["data"]["myAccess"]["purposes"]]


def test_only_its_purposes_may_be_stated(served: Served) -> None:
    for purpose in (FIRE, RENTAL):
        assert code_of(served.ask(token=token(), purpose=purpose)) == "OK"
    assert code_of(served.ask(token=bound_to(FIRE), purpose=FIRE)) == "OK"
    refused = served.ask(token=bound_to(FIRE), purpose=RENTAL)
    assert (refused.status_code, code_of(refused)) == (403, "PURPOSE_DENIED")
    # What might be stated instead does not lead in a circle.
    assert refused.json()["errors"][0]["extensions"]["access"]["purposesThatWould"] == [FIRE]
    # Neither a purpose below nor one above is the one that it names.
    assert code_of(served.ask(token=bound_to(RENTAL), purpose=FIRE)) == "PURPOSE_DENIED"
    assert code_of(served.ask(token=bound_to("safety"), purpose=FIRE)) == "PURPOSE_DENIED"


def test_it_gives_no_purpose_that_is_not_granted(served: Served) -> None:
    assert code_of(served.ask(token=bound_to("welfare.elder"), purpose="welfare.elder")) == "PURPOSE_DENIED"
    assert code_of(served.ask(token=bound_to("no.such.purpose"), purpose="no.such.purpose")) == "PURPOSE_DENIED"


def test_it_states_none_in_the_place_of_the_header(served: Served) -> None:
    refused = served.ask(token=bound_to(FIRE), purpose=None)
    assert code_of(refused) == "PURPOSE_REQUIRED"
    assert refused.json()["errors"][0]["extensions"]["access"]["purposesThatWould"] == [FIRE]


def test_two_tokens_of_one_person_do_not_share_what_was_decided(served: Served) -> None:
    for _ in range(3):
        assert code_of(served.ask(token=bound_to(FIRE), purpose=RENTAL)) == "PURPOSE_DENIED"
        assert code_of(served.ask(token=bound_to(RENTAL), purpose=RENTAL)) == "OK"
        assert code_of(served.ask(token=token(), purpose=RENTAL)) == "OK"


def test_what_it_may_see_is_told_of_its_purposes_alone(served: Served) -> None:
    assert told_purposes(served.ask(OWN, token=bound_to(FIRE), purpose=FIRE)) == [FIRE]
    whole = served.client.get("/access", headers={"Authorization": f"Bearer {bound_to(FIRE)}"})
    assert told_purposes(whole) == [FIRE]
    for stated, code in ((RENTAL, "PURPOSE_DENIED"), (FIRE, "OK")):
        headers = {"Authorization": f"Bearer {bound_to(FIRE)}", "Access-Purpose": stated}
        assert code_of(served.client.get("/access", headers=headers)) == code
    # A developer's question as another stays bound as well.
    denied = served.ask("{ people { edges { node { phone } } } }", token=bound_to(FIRE), purpose=FIRE)
    assert RENTAL not in denied.text


def test_the_narrower_of_token_operation_and_header_counts(served: Served) -> None:
    def asked(purpose: str | None, *purposes: str) -> str:
        return code_of(served.ask(None, token=bound_to(*purposes), purpose=purpose, documentId=ID))

    assert asked(None, RENTAL) == asked(RENTAL, RENTAL) == asked(None, FIRE, RENTAL) == "OK"
    assert asked(None, FIRE) == asked(RENTAL, FIRE) == asked(FIRE, FIRE) == asked(FIRE, RENTAL) == "PURPOSE_DENIED"


MALFORMED: list[Any] = [
    [],
    {},
    "safety.fire",
    [{"type": "sluicegate_purposes"}],
    [{"type": "other", "purposes": ["a"]}],
]


@pytest.mark.parametrize("details", MALFORMED, ids=range(len(MALFORMED)))
def test_details_that_are_not_understood_refuse_the_token(served: Served, details: Any) -> None:
    bad = token(authorization_details=details)
    refused = served.ask(token=bad)
    assert (refused.status_code, code_of(refused)) == (401, "UNAUTHENTICATED")
    for path in ("/access", "/schema.graphql"):
        assert served.client.get(path, headers={"Authorization": f"Bearer {bad}"}).status_code == 401
    assert served.records()[-1].application is None


def test_it_is_no_token_of_an_auditor(served: Served) -> None:
    served.ask(token=token())

    def proof(bearer: str) -> int:
        return served.client.get("/audit/proof?index=0", headers={"Authorization": f"Bearer {bearer}"}).status_code

    assert proof(token(app="audit-office")) != 401
    assert proof(bound_to(FIRE, app="audit-office")) == 401
