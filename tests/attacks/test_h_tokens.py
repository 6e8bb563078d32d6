"""H: a token is believed only if this hub's issuer signed it, for this hub, for now; any other is 401, and recorded."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe, jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from hub.home.following import LOOK_SECONDS
from hub.home.revocations import list_of, revoke
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.attack

KEYS: Mapping[str, tuple[str, Key]] = {
    "ec": ("ES256", ECKey.generate_key("P-256", {"kid": "ec"})),
    "rsa": ("RS256", RSAKey.generate_key(2_048, {"kid": "rsa"})),
    "ed": ("Ed25519", OKPKey.generate_key("Ed25519", {"kid": "ed"})),
}
STRANGER = ECKey.generate_key("P-256", {"kid": "ec"})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("tokens")
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False) for _, key in KEYS.values()]}))
    with serving(folder / "home", issuer_jwks=jwks, issuer="https://id.example", audience="hub") as running:
        yield running


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims with changes; a change to None takes the claim out."""
    now = int(time.time())
    good = {
        "iss": "https://id.example",
        "aud": "hub",
        "client_id": "fire-inspection",
        "sub": "inspector-1",
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def text(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(
    body: dict[str, Any] | bytes, kid: str = "ec", key: Key | None = None, header: Mapping[str, Any] | None = None
) -> str:
    """A token signed over exactly this header and body, whether or not a library would allow them."""
    algorithm, own = KEYS[kid]
    head = {"alg": algorithm, "kid": kid, **(header or {})}
    message = f"{text(head)}.{text(body)}"
    model = jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
    return f"{message}.{text(model.sign(message.encode(), key or own))}"


@pytest.mark.parametrize(("kid", "alg"), [("ec", "ES256"), ("rsa", "RS256"), ("ed", "Ed25519"), ("ed", "EdDSA")])
def test_a_good_token_of_each_kind_is_accepted(served: Served, kid: str, alg: str) -> None:
    assert served.ask(token=signed(claims(), kid, header={"alg": alg})).status_code == 200


def refused(served: Served, token: str) -> None:
    before = len(served.records())
    response = served.ask(token=token)
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    told = response.json()["errors"][0]["message"]
    assert told.startswith("the token is not accepted")
    assert [(each.result, each.application, each.subject) for each in served.records()[before:]] == [
        ("UNAUTHENTICATED", None, None)
    ]


def unsigned(alg: str) -> str:
    return f"{text({'alg': alg, 'kid': 'ec'})}.{text(claims())}."


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
def test_h01_no_signature(served: Served, alg: str) -> None:
    refused(served, unsigned(alg))
    refused(served, unsigned(alg) + "AA")


@pytest.mark.parametrize("alg", ["HS256", "HS512"])
def test_h01_public_key_as_secret(served: Served, alg: str) -> None:
    key: Any = KEYS["rsa"][1].public_key
    public = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    message = f"{text({'alg': alg, 'kid': 'rsa'})}.{text(claims())}"
    refused(served, f"{message}.{text(hmac.digest(public, message.encode(), alg.replace('HS', 'sha')))}")


@pytest.mark.parametrize("alg", ["es256", "ES256 ", "RS256", "PS256", "ES384", "EdDSA", None, 1, ["ES256"]])
def test_h01_another_algorithm_than_the_keys(served: Served, alg: Any) -> None:
    refused(served, signed(claims(), header={"alg": alg}))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": ["x-unknown"], "x-unknown": 1},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
    ],
)
def test_h02_critical_extensions(served: Served, header: dict[str, Any]) -> None:
    refused(served, signed(claims(), header=header))


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "http://127.0.0.1:9/keys"},
        {"x5u": "http://127.0.0.1:9/cert"},
        {"x5c": ["AAAA"]},
        {"jwk": STRANGER.as_dict(private=False)},
    ],
)
def test_h04_a_key_brought_along(served: Served, header: dict[str, Any]) -> None:
    refused(served, signed(claims(), header=header))
    refused(served, signed(claims(), key=STRANGER, header=header))


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "EC", "", "unknown", None, 1, ["ec"], {"a": 1}])
def test_h04_kid_is_only_looked_up(served: Served, kid: Any) -> None:
    refused(served, signed(claims(), header={"kid": kid}))


class FromNow(int):
    """Seconds from the moment a token is made, not from the moment this file was read."""


@pytest.mark.parametrize(
    "times",
    [
        {"exp": FromNow(-31)},
        {"exp": FromNow(-31), "iat": FromNow(-600)},
        {"nbf": FromNow(300)},
        {"iat": FromNow(300), "exp": FromNow(900)},
        {"exp": None},
        {"iat": None},
        {"exp": FromNow(10 * 365 * 86_400)},
        {"iat": FromNow(-3_000), "exp": FromNow(3_000)},
        {"exp": "1795363727"},
        {"exp": True},
        {"iat": "now"},
        {"nbf": None, "exp": [FromNow(600)]},
        {"exp": -1},
    ],
    ids=str,
)
def test_h05_times(served: Served, times: dict[str, Any]) -> None:
    now = int(time.time())
    given = {name: now + value if isinstance(value, FromNow) else value for name, value in times.items()}
    refused(served, signed(claims(**given)))


def test_h05_leeway(served: Served) -> None:
    token = signed(claims(iat=int(time.time()) + 20, nbf=int(time.time()) + 20))
    assert served.ask(token=token).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.example/"},
        {"iss": "https://id.example.evil"},
        {"iss": "HTTPS://ID.EXAMPLE"},
        {"iss": "id.example"},
        {"iss": ["https://id.example"]},
        {"iss": None},
        {"aud": "hub2"},
        {"aud": "HUB"},
        {"aud": ["hub"]},
        {"aud": ["hub", "other"]},
        {"aud": None},
    ],
    ids=str,
)
def test_h06_issuer_and_audience_are_whole_strings(served: Served, changes: dict[str, Any]) -> None:
    refused(served, signed(claims(**changes)))


@pytest.mark.parametrize(
    "body",
    [
        b'{"sub": "a", %s',
        b'{"client_id": "statistics", %s',
        b'{"exp": 1, %s',
    ],
)
def test_h09_duplicate_claims(served: Served, body: bytes) -> None:
    refused(served, signed(body % json.dumps(claims()).encode()[1:]))


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b"{", b"\xff", b""])
def test_h09_claims_that_are_no_object(served: Served, body: bytes) -> None:
    refused(served, signed(body))


@pytest.mark.parametrize("name", ["Authorization", "Access-Purpose", "Case-Reference", "Content-Type"])
def test_h09_two_headers(served: Served, name: str) -> None:
    before = len(served.records())
    headers = [
        ("Authorization", f"Bearer {signed(claims())}"),
        ("Access-Purpose", "safety.fire"),
        ("Case-Reference", "c"),
        ("Content-Type", "application/json"),
    ]
    twice = [*headers, next((key, value) for key, value in headers if key == name)]
    response = served.client.post("/graphql", content=b'{"query": "{ __typename }"}', headers=twice)
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert [each.result for each in served.records()[before:]] == ["BAD_REQUEST"]


def test_h09_a_cookie_is_no_credential(served: Served) -> None:
    token = signed(claims())
    cookies = {"Cookie": f"Authorization=Bearer {token}; token={token}; Access-Purpose=safety.fire"}
    response = served.client.post("/graphql", json={"query": "{ __typename }"}, headers=cookies)
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")


def padded(size: int) -> str:
    return signed(claims(filler="x" * size))


def test_h10_long_tokens(served: Served) -> None:
    assert served.ask(token=padded(4_000)).status_code == 200
    refused(served, padded(8_000))


def test_h10_a_megabyte_of_token(served: Served) -> None:
    response = served.client.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": "Bearer " + "x" * 1_000_000}
    )
    assert response.status_code in {400, 401, 431}


def test_h10_encrypted_tokens(served: Served) -> None:
    secret = OctKey.generate_key(256)
    bomb = jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}, b"0" * 200_000, secret)
    refused(served, bomb)


CUTS: Mapping[str, Callable[[str], str]] = {
    "signature cut": lambda token: token[:-8],
    "signature gone": lambda token: token.rpartition(".")[0] + ".",
    "two parts": lambda token: token.rpartition(".")[0],
    "four parts": lambda token: token + ".AAAA",
    "padding": lambda token: token + "==",
    "white space": lambda token: token.replace(".", ". "),
    "body of another": lambda token: ".".join(
        [token.split(".")[0], text(claims(client_id="statistics")), token.split(".")[2]]
    ),
}


@pytest.mark.parametrize("cut", CUTS)
def test_h10_a_token_is_whole_or_nothing(served: Served, cut: str) -> None:
    refused(served, CUTS[cut](signed(claims())))


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": ["fire-inspection"]},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
def test_h12_who_is_not_registered(served: Served, changes: dict[str, Any]) -> None:
    refused(served, signed(claims(**changes)))


def test_h12_the_registry_wins_over_the_token(served: Served) -> None:
    """Claims about department, role, level and jurisdiction change nothing: the registry is asked."""
    boast = {"department": "police", "role": "chief", "level": "province", "jurisdiction": "", "scope": "admin"}
    response = served.ask(token=signed(claims(**boast)), purpose="pop.register")
    assert code_of(response) == "PURPOSE_DENIED"
    record = served.records()[-1]
    assert (record.application, record.department) == ("fire-inspection", "fire")


@pytest.mark.parametrize(
    "name", ["X-Client-Cert", "X-SSL-Client-DN", "X-Forwarded-User", "X-Remote-User", "X-Forwarded-For"]
)
def test_h14_identity_headers_are_ignored(served: Served, name: str) -> None:
    response = served.client.post("/graphql", json={"query": "{ __typename }"}, headers={name: "fire-inspection"})
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")


def test_a_token_leaves_no_trace(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    token = signed(claims(sub="CANARY-person-5521"))
    served.ask(token=token)
    log = Path(served.hub.settings.audit_file).read_bytes()
    wal = Path(f"{served.hub.settings.audit_file}-wal")
    log += wal.read_bytes() if wal.exists() else b""
    assert served.records()[-1].result == "OK"
    for needle in (b"CANARY-person", token.encode(), token.rpartition(".")[2].encode()):
        assert needle not in log
    assert "CANARY" not in "".join(capfd.readouterr())


def test_h08_a_revoked_token_is_refused_within_five_seconds(tmp_path: Path) -> None:
    """Also one that was accepted before; those of others, and who signs in again later, are not touched."""
    assert LOOK_SECONDS <= 5
    with serving(tmp_path / "home") as running:
        mine, other = (running.issuer.issue("fire-inspection", each) for each in ("inspector-1", "inspector-2"))
        assert [code_of(running.ask(token=each)) for each in (mine, other)] == ["OK", "OK"]
        revoke(running.hub.settings, "fire-inspection", "inspector-1", None)
        ends = time.monotonic() + 20
        while code_of(running.ask(token=mine)) == "OK" and time.monotonic() < ends:
            time.sleep(0.1)
        assert [code_of(running.ask(token=each)) for each in (mine, other)] == ["UNAUTHENTICATED", "OK"]
        # Neither a broken list nor one that is gone lets it in again.
        follower, listed = running.hub.revocations, list_of(running.hub.settings)
        for spoil in (lambda: listed.write_text("{"), listed.unlink):
            spoil()
            follower.poll()
            assert code_of(running.ask(token=mine)) == "UNAUTHENTICATED"
            assert "revoked tokens of before stay" in " ".join(running.client.get("/readyz").json()["warnings"])
