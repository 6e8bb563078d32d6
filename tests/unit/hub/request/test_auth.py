"""Tokens and key files that the verifier accepts or refuses, without a hub; tests/attacks/test_h_tokens.py has one."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from hub.errors import HubError
from hub.request.auth import MAX_TOKEN, KeysRefused, Verifier, unauthenticated

pytestmark = pytest.mark.unit

NOW = 1_800_000_000
KEYS: Mapping[str, tuple[str, Key]] = {
    "ec": ("ES256", ECKey.generate_key("P-256", {"kid": "ec"})),
    "rsa": ("RS256", RSAKey.generate_key(2_048, {"kid": "rsa"})),
    "ed": ("Ed25519", OKPKey.generate_key("Ed25519", {"kid": "ed"})),
}
UNSEEN = [
    "p\u200b",
    "\ufeffp",
    "p\u00ad",
    "p\u202e",
    "p\x00",
    "p\n",
    "p ",
    " p",
    "p\u00a0",
    "p\u3164",
    "p\ufe0f",
    "p\u034f",
]
CLAIMS = {"iss": "https://id.example", "aud": "hub", "client_id": "app", "sub": "p", "iat": NOW, "exp": NOW + 600}


def key_file(folder: Path, *keys: Key) -> Path:
    path = folder / "jwks.json"
    path.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))
    return path


@pytest.fixture
def verifier(tmp_path: Path) -> Verifier:
    return Verifier.load(key_file(tmp_path, *(key for _, key in KEYS.values())), "https://id.example", "hub")


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: object, body: object, kid: str = "ec") -> str:
    """A token with a good signature over exactly this header and body."""
    algorithm, key = KEYS[kid]
    message = f"{encoded(header)}.{encoded(body)}"
    model = jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
    return f"{message}.{encoded(model.sign(message.encode(), key))}"


def token(kid: str = "ec", header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """A good token with changes to its header and claims; a claim set to None is taken out."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return signed({"alg": KEYS[kid][0], "kid": kid} | dict(header or {}), claims, kid)


@pytest.mark.parametrize("kid", KEYS)
@pytest.mark.parametrize("kind", [{}, {"typ": "JWT"}, {"typ": "jwt"}, {"typ": "at+jwt"}, {"typ": "application/at+JWT"}])
def test_good_tokens(verifier: Verifier, kid: str, kind: dict[str, str]) -> None:
    assert verifier.verify(token(kid, kind), NOW) == ("app", "p")


def test_the_old_name_of_ed25519(verifier: Verifier) -> None:
    assert verifier.verify(token("ed", {"alg": "EdDSA"}), NOW) == ("app", "p")


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({}, NOW - 30),
        ({}, NOW + 629.9),
        ({"exp": NOW + 3_600}, NOW),
        ({"nbf": NOW + 30}, NOW),
        ({"iat": NOW + 0.5, "exp": NOW + 600.5}, NOW),
        ({"client_id": "a" * 256, "sub": "甲" * 256}, NOW),
    ],
    ids=str,
)
def test_good_to_the_last_second_and_letter(verifier: Verifier, changes: dict[str, Any], now: float) -> None:
    assert verifier.verify(token(**changes), now)[1]


def refused(verifier: Verifier, text: str, now: float = NOW) -> None:
    with pytest.raises(HubError) as caught:
        verifier.verify(text, now)
    assert str(caught.value) == str(unauthenticated())


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({}, NOW - 31),
        ({}, NOW + 630),
        ({"exp": NOW + 3_601}, NOW),
        ({"exp": NOW}, NOW),
        ({"exp": NOW - 1, "iat": NOW}, NOW),
        ({"nbf": NOW + 31}, NOW),
        ({"nbf": "soon"}, NOW),
        ({"aud": ["hub"]}, NOW),
        ({"iss": ["https://id.example"]}, NOW),
        ({"client_id": "a" * 257}, NOW),
        ({"client_id": 7}, NOW),
        ({"sub": "甲" * 257}, NOW),
        ({"sub": ""}, NOW),
        ({"sub": ["p"]}, NOW),
        *(({"sub": name}, NOW) for name in UNSEEN),
        *(({"client_id": name.replace("p", "app")}, NOW) for name in UNSEEN),
        *(({name: None}, NOW) for name in CLAIMS),
    ],
    ids=str,
)
def test_bad_claims(verifier: Verifier, changes: dict[str, Any], now: float) -> None:
    refused(verifier, token(**changes), now)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWE"},
        {"typ": None},
        {"typ": 1},
        {"typ": ["JWT"]},
        {"alg": "EdDSA"},
        {"alg": "RS256"},
        {"alg": "none"},
        {"alg": ["ES256"]},
        {"alg": {}},
        {"kid": None},
        {"kid": 1},
        {"kid": ["ec"]},
        {"kid": "ed"},
        {"crit": 1},
        {"crit": []},
        {"crit": ["kid"]},
        {"crit": [["kid"]]},
        {"b64": True},
        {"b64": False, "crit": ["b64"]},
        {"cty": "JWT"},
        {"x": 1},
    ],
    ids=str,
)
def test_bad_headers(verifier: Verifier, header: dict[str, Any]) -> None:
    refused(verifier, token(header=header))


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg": "none", "alg": "ES256", "kid": "ec"}',
        b'{"alg": "ES256", "kid": "x", "kid": "ec"}',
        b'{"alg": "ES256", "kid": "ec", "typ": "JWT", "typ": "JWT"}',
        b'["alg", "kid"]',
        b'"alg kid"',
        b"null",
        b"[" * 300,
        b"{}",
        b'{"alg": "ES256"}',
        b'{"kid": "ec"}',
        b"",
    ],
    ids=str,
)
def test_headers_that_are_no_strict_json_object(verifier: Verifier, header: bytes) -> None:
    refused(verifier, signed(header, CLAIMS))


@pytest.mark.parametrize("body", [b"[]", b"null", b"", b"\xff", b'{"sub": "a", ', b'{"sub": "a", %s', b"[" * 2_000])
def test_claims_that_are_no_strict_json_object(verifier: Verifier, body: bytes) -> None:
    whole = body % json.dumps(CLAIMS).encode()[1:] if b"%s" in body else body
    refused(verifier, signed({"alg": "ES256", "kid": "ec"}, whole))


def test_the_header_is_required_to_name_its_key(tmp_path: Path) -> None:
    """Even where there is only one."""
    alone = Verifier.load(key_file(tmp_path, KEYS["ec"][1]), "https://id.example", "hub")
    assert alone.verify(token(), NOW) == ("app", "p")
    refused(alone, signed({"alg": "ES256"}, CLAIMS))


def test_the_size_limit(verifier: Verifier) -> None:
    room = MAX_TOKEN - len(token(filler=""))
    assert verifier.verify(token(filler="x" * (room * 3 // 4 - 4)), NOW) == ("app", "p")
    refused(verifier, token(filler="x" * (room * 3 // 4 + 4)))


@pytest.mark.parametrize("text", ["", "..", "a.b.c", "é.é.é", "\ud800.a.b", "." * 8_000])
def test_what_is_no_token(verifier: Verifier, text: str) -> None:
    refused(verifier, text)


@pytest.mark.parametrize(
    "cut", [lambda t: t + "=", lambda t: t + "A", lambda t: t[:-1], lambda t: t.replace(".", ". ")]
)
def test_a_token_that_was_changed(verifier: Verifier, cut: Any) -> None:
    refused(verifier, cut(token()))


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ([OctKey.generate_key(256, {"kid": "a"})], "P-256, Ed25519, or RSA of 2048"),
        ([ECKey.generate_key("P-384", {"kid": "a"})], "P-256, Ed25519, or RSA of 2048"),
        ([OKPKey.generate_key("Ed448", {"kid": "a"})], "P-256, Ed25519, or RSA of 2048"),
        ([OKPKey.generate_key("X25519", {"kid": "a"})], "P-256, Ed25519, or RSA of 2048"),
        ([KEYS["ec"][1], KEYS["ec"][1]], "share a `kid`"),
        ([], "not a JWK set"),
    ],
)
def test_key_files_that_are_refused(tmp_path: Path, keys: list[Key], reason: str) -> None:
    with pytest.raises(KeysRefused, match=reason):
        Verifier.load(key_file(tmp_path, *keys), "i", "a")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": 1}', '{"keys": [], "keys": []}', '{"keys": ["a"]}'])
def test_files_that_are_no_jwk_set(tmp_path: Path, content: str) -> None:
    (tmp_path / "jwks.json").write_text(content)
    with pytest.raises(KeysRefused, match="not a JWK set"):
        Verifier.load(tmp_path / "jwks.json", "i", "a")


class TestKeptTokens:
    """That a signature is good is found out once; what the claims say is looked at each time."""

    @pytest.fixture
    def checked(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The tokens whose signature was checked."""
        seen: list[str] = []
        real = jws.deserialize_compact

        def noticed(value: str, *arguments: Any, **named: Any) -> Any:
            seen.append(value)
            return real(value, *arguments, **named)

        monkeypatch.setattr(jws, "deserialize_compact", noticed)
        return seen

    def test_a_signature_is_checked_once(self, verifier: Verifier, checked: list[str]) -> None:
        one, other = token(), token(sub="q")
        for _ in range(3):
            assert verifier.verify(one, NOW) == ("app", "p")
            assert verifier.verify(other, NOW) == ("app", "q")
        assert checked == [one, other]

    def test_a_kept_token_expires(self, verifier: Verifier) -> None:
        one = token()
        assert verifier.verify(one, NOW) == ("app", "p")
        with pytest.raises(HubError):
            verifier.verify(one, NOW + 4_000)
        assert verifier.verify(one, NOW) == ("app", "p")

    def test_a_refused_token_is_refused_again(self, verifier: Verifier, checked: list[str]) -> None:
        good = token()
        assert verifier.verify(good, NOW) == ("app", "p")
        changed = good[:-3] + ("AAA" if good[-3:] != "AAA" else "BBB")
        for _ in range(2):
            refused(verifier, changed)
        assert checked.count(changed) == 2

    def test_another_verifier_knows_nothing_of_them(self, tmp_path: Path, verifier: Verifier) -> None:
        one = token()
        assert verifier.verify(one, NOW) == ("app", "p")
        replaced = Verifier.load(key_file(tmp_path, KEYS["rsa"][1]), "https://id.example", "hub")
        refused(replaced, one)

    def test_only_so_many_are_kept_and_none_the_plain_way(self, tmp_path: Path, checked: list[str]) -> None:
        keys = key_file(tmp_path, *(key for _, key in KEYS.values()))
        few, none = (Verifier.load(keys, "https://id.example", "hub", kept=kept) for kept in (2, 0))
        tokens = [token(sub=f"p{number}") for number in range(3)]
        for each in (*tokens, tokens[0], tokens[2]):
            few.verify(each, NOW)
        assert checked == [*tokens, tokens[0]]
        checked.clear()
        for each in (tokens[0], tokens[0]):
            none.verify(each, NOW)
        assert checked == [tokens[0], tokens[0]]
