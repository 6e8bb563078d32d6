"""A token that is bound to a key is worth nothing without it: stolen ones and proofs that come again are refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.support.registered.county import county_with
from tests.support.registered.own_issuer import serving_own_issuer, token
from tests.support.registered.proofs import MINE, bound_to, digest, proof
from tests.support.serving import Served, code_of

pytestmark = pytest.mark.attack
OTHER, SAFE = ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
PURPOSE = {"Access-Purpose": "safety.fire.rental"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_own_issuer(tmp_path_factory.mktemp("loose"), county_with()) as hub:
        yield hub


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    address = "https://hub.example/gate/"
    with serving_own_issuer(tmp_path_factory.mktemp("strict"), county_with(dpop=True), public_url=address) as hub:
        yield hub


def url_of(hub: Served, path: str = "/graphql") -> str:
    return f"http://127.0.0.1:{hub.port}{path}"


def ask(hub: Served, bearer: str, *proofs: str, scheme: str = "DPoP") -> httpx.Response:
    sent: list[tuple[str, Any]] = [
        ("Authorization", f"{scheme} {bearer}"),
        *PURPOSE.items(),
        *(("DPoP", each.encode("latin-1")) for each in proofs),
    ]
    return hub.client.post("/graphql", json={"query": "{ __typename }"}, headers=sent)


def test_a_proof_of_the_key_is_taken_once(served: Served) -> None:
    bearer = token(cnf=bound_to())
    once = proof(bearer, url_of(served))
    assert code_of(ask(served, bearer, once)) == "OK"
    assert [ask(served, bearer, once).status_code for _ in range(3)] == [401] * 3
    # Neither its other spelling nor another token of the same key makes it new.
    assert code_of(ask(served, bearer, proof(bearer, url_of(served)), scheme="dpop")) == "OK"


@pytest.mark.parametrize("form", ["http://localhost:{port}/graphql", "HTTP://127.0.0.1:{port}/graphql?a=1#b"])
def test_an_address_is_compared_without_query_and_spelling(served: Served, form: str) -> None:
    bearer = token(cnf=bound_to())
    assert code_of(ask(served, bearer, proof(bearer, form.format(port=served.port)))) == "OK"


def test_ed25519_is_a_key_too(served: Served) -> None:
    bearer = token(cnf=bound_to(SAFE))
    assert code_of(ask(served, bearer, proof(bearer, url_of(served), key=SAFE, header={"alg": "Ed25519"}))) == "OK"


def test_a_stolen_token_is_refused(served: Served) -> None:
    bearer = token(cnf=bound_to())
    good = proof(bearer, url_of(served))
    stolen = [
        ask(served, bearer, scheme="Bearer"),
        ask(served, bearer, good, scheme="Bearer"),
        ask(served, bearer),
        ask(served, bearer, proof(bearer, url_of(served), key=OTHER)),
        ask(served, bearer, proof(bearer, url_of(served), key=OTHER, header={"jwk": MINE.as_dict(private=False)})),
        ask(served, bearer, good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")),
    ]
    assert [(each.status_code, code_of(each)) for each in stolen] == [(401, "UNAUTHENTICATED")] * len(stolen)
    assert {each.json()["errors"][0]["message"] for each in stolen} == {stolen[0].json()["errors"][0]["message"]}
    # A refused request used nothing up.
    assert code_of(ask(served, bearer, good)) == "OK"
    two = ask(served, bearer, proof(bearer, url_of(served)), proof(bearer, url_of(served)))
    assert code_of(two) == "BAD_REQUEST"


NOW = int(time.time())
WRONG: dict[str, dict[str, Any]] = {
    "of another method": {"htm": "GET"},
    "of a method in other letters": {"htm": "post"},
    "without a method": {"htm": None},
    "without an address": {"htu": None},
    "of another path": {"htu": "http://127.0.0.1:{port}/access"},
    "of another port": {"htu": "http://127.0.0.1:1/graphql"},
    "of another host": {"htu": "http://hub.example:{port}/graphql"},
    "of another scheme": {"htu": "https://127.0.0.1:{port}/graphql"},
    "with a user": {"htu": "http://a@127.0.0.1:{port}/graphql"},
    "of no address": {"htu": "/graphql"},
    "of a list": {"htu": ["http://127.0.0.1:{port}/graphql"]},
    "of a broken address": {"htu": "http://[::1/graphql"},
    "without a time": {"iat": None},
    "of long ago": {"iat": NOW - 3_600},
    "of times to come": {"iat": NOW + 3_600},
    "of a time that is text": {"iat": str(NOW)},
    "of a time that is true": {"iat": True},
    "without a name": {"jti": None},
    "with an empty name": {"jti": ""},
    "with a name that is a number": {"jti": 7},
    "with a long name": {"jti": "x" * 257},
    "without the token": {"ath": None},
    "of another token": {"ath": digest("other")},
    "of another type": {"header": {"typ": "JWT"}},
    "without a type": {"header": {"typ": None}},
    "without a key": {"header": {"jwk": None}},
    "with its private key": {"header": {"jwk": MINE.as_dict(private=True)}},
    "with a member more": {"header": {"kid": "x"}},
    "of a time that is no number of seconds": {"iat": 10**400},
    "that is too long": {"more": "x" * 5_000},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_a_proof_of_anything_else_is_refused(served: Served, changes: dict[str, Any]) -> None:
    bearer = token(cnf=bound_to())
    given = dict(changes)
    if isinstance(given.get("htu"), str):
        given["htu"] = given["htu"].format(port=served.port)
    refused = ask(served, bearer, proof(bearer, **{"url": url_of(served), **given}))
    assert (refused.status_code, code_of(refused)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "é", "x" * 10_000])
def test_what_is_no_proof_is_refused(served: Served, text: str) -> None:
    refused = ask(served, token(cnf=bound_to()), text)
    assert (refused.status_code, code_of(refused)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSAKey.generate_key(2_048), "RS256"),
        (OctKey.generate_key(256), "HS256"),
        (ECKey.generate_key("P-384"), "ES384"),
    ],
    ids=["RSA", "shared secret", "P-384"],
)
def test_a_key_of_another_kind_is_refused(served: Served, key: Any, algorithm: str) -> None:
    bearer = token(cnf=bound_to(key))
    jwk = key.as_dict(private=algorithm == "HS256")
    refused = ask(served, bearer, proof(bearer, url_of(served), key=key, header={"alg": algorithm, "jwk": jwk}))
    assert (refused.status_code, code_of(refused)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "confirmation",
    [None, {}, [], "x", {"jkt": None}, {"jkt": 1}, {"x5t#S256": "x"}, {**bound_to(), "x5t#S256": "x"}],
    ids=["a key", "nothing", "a list", "a text", "null", "a number", "a certificate", "two"],
)
def test_another_way_to_bind_a_token_is_refused(served: Served, confirmation: Any) -> None:
    bearer = token(cnf=confirmation) if confirmation is not None else token(cnf={"jwk": MINE.as_dict(private=False)})
    for answer in (ask(served, bearer, scheme="Bearer"), ask(served, bearer, proof(bearer, url_of(served)))):
        assert (answer.status_code, code_of(answer)) == (401, "UNAUTHENTICATED")


def test_a_token_without_a_key_needs_none_and_shows_none(served: Served) -> None:
    assert code_of(ask(served, token(), scheme="Bearer")) == "OK"
    free = token()
    assert ask(served, free, proof(free, url_of(served))).status_code == 401


def test_where_the_registry_requires_a_key_no_other_token_is_taken(strict: Served) -> None:
    assert ask(strict, token(), scheme="Bearer").status_code == 401
    bearer = token(cnf=bound_to())
    assert ask(strict, bearer, scheme="Bearer").status_code == 401
    # Its address is the one that clients use, not that of the socket, nor one that the request names.
    assert ask(strict, bearer, proof(bearer, url_of(strict))).status_code == 401
    assert code_of(ask(strict, bearer, proof(bearer, "https://hub.example:443/gate/graphql"))) == "OK"
    assert code_of(ask(strict, token(app="statistics"), scheme="Bearer")) == "PURPOSE_DENIED"


@pytest.mark.parametrize("path", ["/access", "/schema.graphql"])
def test_other_pages_ask_for_the_key_too(served: Served, strict: Served, path: str) -> None:
    bearer = token(cnf=bound_to())

    def get(hub: Served, scheme: str, *proofs: str, bearer: str = bearer) -> int:
        headers = {"Authorization": f"{scheme} {bearer}", **({"DPoP": proofs[0]} if proofs else {})}
        return hub.client.get(path, headers=headers).status_code

    assert get(served, "Bearer") == 401
    assert get(served, "DPoP", proof(bearer, url_of(served), "GET")) == 401
    assert get(served, "DPoP", proof(bearer, url_of(served, path), "GET")) == 200
    assert get(strict, "Bearer", bearer=token()) == 401


def test_it_is_no_token_of_an_auditor_or_of_whoever_stole_it(served: Served) -> None:
    shown = served.client.get("/audit/proof?index=0", headers={"Authorization": f"Bearer {token(cnf=bound_to())}"})
    assert shown.status_code == 401
