"""What a hub takes from an OpenID provider, and what it refuses: over real HTTP and TLS on loopback."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from hub.request.auth import KeysRefused
from hub.request.issuer import discovery
from hub.request.issuer.discovery import MAX_ANSWER, MAX_KEYS, fetch_keys, read_keys
from tests.support.sources.certificates import Authority
from tests.support.sources.rest_server import JSON, Reply, Sent, server

pytestmark = pytest.mark.unit

EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
RSA = RSAKey.generate_key(2_048, {"kid": "rsa"})


def public(key: Key, **changes: Any) -> dict[str, Any]:
    """A key as a provider publishes it, with changes; a change to None takes a member out."""
    return {name: each for name, each in {**key.as_dict(private=False), **changes}.items() if each is not None}


def body(content: Any) -> Reply:
    return 200, JSON, content if isinstance(content, bytes) else json.dumps(content).encode()


@contextmanager
def provider(
    document: Mapping[str, Any] | Reply | None = None, keys: Any | Reply = None, **options: Any
) -> Iterator[tuple[str, list[str]]]:
    """A provider that answers this; `document` may change members of a good one. Its address, and what was asked."""
    found: dict[str, Any] = {}

    def answer(ordinal: int, _: Mapping[str, str]) -> Reply:
        if ordinal % 2 == 0:
            return keys if isinstance(keys, tuple) else body({"keys": [public(EC)]} if keys is None else keys)
        if isinstance(document, tuple):
            return document
        return body({"issuer": found["url"], "jwks_uri": f"{found['url']}/keys", **(document or {})})

    with server(answer, **options) as (url, asked):
        found["url"] = url
        yield url, asked


def refusal(issuer: str) -> str:
    with pytest.raises(KeysRefused) as refused:
        asyncio.run(fetch_keys(issuer))
    return str(refused.value)


def test_keys_are_found_at_the_address_of_the_issuer_and_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    sent: list[Sent] = []
    with provider(sent=sent) as (url, asked):
        found = asyncio.run(fetch_keys(url))
    assert ([key.kid for key in found.keys], found.skipped) == (["ec"], 0)
    assert asked == ["/items/.well-known/openid-configuration", "/items/keys"]
    assert {name for each in sent for name in each.headers} <= {
        "host", "accept", "accept-encoding", "connection", "user-agent",
    }  # fmt: skip


def test_a_provider_over_tls_is_trusted_by_the_systems_authorities_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    with provider(context=authority.server()) as (url, asked):
        assert "its certificate is not trusted" in refusal(url)
        assert asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem))
        assert len(asyncio.run(fetch_keys(url)).keys.keys) == 1


def test_a_provider_over_tls_leads_nowhere_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem))
    with (
        provider() as (plain, plain_asked),
        provider({"jwks_uri": f"{plain}/keys"}, context=authority.server()) as (url, _),
    ):
        assert "is no https address" in refusal(url)
        assert plain_asked == []


@pytest.mark.parametrize("where", ["https://id.example/other", "http://127.0.0.1:9/", "/elsewhere"])
def test_no_redirect_is_followed(where: str) -> None:
    with provider((302, {"Location": where}, b"")) as (url, asked):
        assert "its discovery document is answered with status 302" in refusal(url)
    with provider(keys=(307, {"Location": where}, b"")) as (url, asked):
        assert "its key set is answered with status 307" in refusal(url)
        assert len(asked) == 2


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"issuer": "https://id.example"}, "it gives itself another name"),
        ({"issuer": None}, "it gives itself another name"),
        (body([]), "it gives itself another name"),
        ({"jwks_uri": None}, "`jwks_uri` is missing"),
        ({"jwks_uri": 7}, "`jwks_uri` is missing"),
        ({"jwks_uri": "http://id.example/keys"}, "is no https address"),
        ({"jwks_uri": "file:///etc/passwd"}, "is no https address"),
        ({"jwks_uri": "https://me:secret@127.0.0.1/keys"}, "is no https address"),
        ({"jwks_uri": "https://[::1/keys"}, "is no https address"),
        ({"jwks_uri": "https://127.0.0.1:0/"}, "is no https address"),
        ({"jwks_uri": "https://127.0.0.1:99999/"}, "is no https address"),
        ({"jwks_uri": "https://a..b/"}, "its key set cannot be reached"),
        ({"jwks_uri": f"https://{'a' * 64}.invalid/"}, "its key set cannot be reached"),
        ({"jwks_uri": "https://xn--/"}, "its key set cannot be reached"),
        ({"jwks_uri": "https://127.0.0.1:9/%zz\t"}, "is no https address"),
        (body(b"<html>"), "its discovery document is no JSON"),
        (body(b'{"issuer": "a", "issuer": "b"}'), "its discovery document is no JSON"),
        (body(b" " * (MAX_ANSWER + 1)), f"is larger than {MAX_ANSWER} bytes"),
        ((500, JSON, b"{}"), "status 500"),
    ],
)
def test_a_document_that_cannot_be_used_is_refused(document: Any, told: str) -> None:
    with provider(document) as (url, asked):
        text = refusal(url)
        assert told in text
        assert url in text
        assert "secret" not in text
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([], "is no JWK set"),
        ({}, "is no JWK set"),
        ({"keys": {}}, "is no JWK set"),
        ({"keys": [{}] * (MAX_KEYS + 1)}, "is no JWK set"),
        ({"keys": []}, "no key that can check a token"),
        ({"keys": [public(RSA, alg="PS256")]}, "no key that can check a token"),
        ({"keys": [public(EC), public(ED, kid="ec")]}, "two of its keys share a `kid`"),
        ((200, {**JSON, "Content-Encoding": "gzip"}, b"\x1f\x8b"), "its key set is no JSON"),
        ((404, JSON, b"{}"), "status 404"),
    ],
)
def test_a_key_set_that_cannot_be_used_is_refused(keys: Any, told: str) -> None:
    with provider(keys=keys) as (url, asked):
        assert told in refusal(url)
        assert len(asked) == 2


def test_a_provider_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "ANSWER_SECONDS", 0.2)

    def slow(*_: Any) -> Reply:
        time.sleep(1)
        return body({})

    with server(slow) as (url, _):
        assert "does not answer within" in refusal(url)
    assert "its discovery document cannot be reached" in refusal("http://127.0.0.1:9")


@pytest.mark.parametrize(
    "other",
    [
        "text",
        {},
        {"kty": "AKP", "kid": "x", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "EC", "kid": "x", "crv": "P-256", "x": "AA"},
        public(EC, kid=None),
        public(EC, kid=""),
        public(EC, kid=7),
        public(EC, kid="x", use="enc"),
        public(ECKey.generate_key("P-384", {"kid": "x"})),
        public(OKPKey.generate_key("X25519", {"kid": "x"})),
        public(RSA, kid="x", n=str(RSA.as_dict(private=False)["n"])[-171:]),
        public(RSA, kid="x", alg="PS256"),
        ECKey.generate_key("P-256", {"kid": "x"}).as_dict(private=True),
        OctKey.generate_key(256, {"kid": "x"}).as_dict(private=True),
    ],
)
def test_keys_of_other_kinds_are_skipped(other: Any) -> None:
    found = read_keys({"keys": [public(ED), other, public(RSA, alg="RS256", use="sig")]})
    assert ([key.kid for key in found.keys], found.skipped) == (["ed", "rsa"], 1)
