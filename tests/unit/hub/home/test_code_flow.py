"""The code flow: what the browser keeps fits what it brings back, or nobody is signed in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt

from hub.demo.provider import DemoProvider, demo_provider
from hub.home.code_flow import FRESH_SECONDS, Begun, Client, code_of, page_of, redeem
from hub.home.settings import Settings
from hub.home.sign_in import CODE, DEVICE, Provider, SignInRefused, discover

pytestmark = pytest.mark.unit
BACK = "http://127.0.0.1:8600/console/signed-in"
CLIENT = "sluicegate"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[DemoProvider]:
    with demo_provider(Settings.load(home=tmp_path / "home"), [("zhang", "steward")]) as provider:
        yield provider


@pytest.fixture
def provider(running: DemoProvider) -> Provider:
    return discover(running.issuer, CODE)


def granted(provider: Provider, begun: Begun, redirect: str = BACK) -> str:
    """A code for zhang, as the browser brings it back."""
    page = page_of(provider, CLIENT, redirect, begun)
    back = httpx.post(page, data={"account": "zhang"}, trust_env=False).headers["location"]
    return code_of(dict(parse_qsl(urlsplit(back).query)), provider, begun)


def test_a_code_says_who_signed_in(provider: Provider) -> None:
    begun = Begun.now()
    identity = redeem(provider, Client(CLIENT), BACK, granted(provider, begun), begun)
    assert (identity.issuer, identity.subject) == (provider.issuer, "zhang")
    assert identity.at == pytest.approx(time.time(), abs=60)


def test_what_a_browser_keeps_is_read_as_it_was_written() -> None:
    begun = Begun.now()
    assert Begun.read(str(begun)) == begun
    assert len({begun.state, begun.nonce, begun.verifier}) == 3
    for wrong in ("", "a.b.c", str(begun)[:-1], f"{begun}.x", str(begun).replace(".", "")):
        assert Begun.read(wrong) is None


def test_the_provider_is_told_the_challenge_and_not_the_verifier(provider: Provider) -> None:
    begun = Begun.now()
    page = page_of(provider, CLIENT, BACK, begun)
    asked = parse_qs(urlsplit(page).query)
    assert begun.verifier not in page
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid"]


@pytest.mark.parametrize("part", ["nonce", "verifier"])
def test_a_code_of_another_browser_signs_nobody_in(provider: Provider, part: str) -> None:
    begun = Begun.now()
    other = replace(begun, **{part: getattr(Begun.now(), part)})
    with pytest.raises(SignInRefused, match=r"begin again|another browser"):
        redeem(provider, Client(CLIENT), BACK, granted(provider, begun), other)


@pytest.mark.parametrize("state", ["", "x", "é"])
def test_an_answer_with_another_state_holds_no_code(provider: Provider, state: str) -> None:
    with pytest.raises(SignInRefused, match="another browser"):
        code_of({"code": "x", "state": state}, provider, Begun.now())


@pytest.mark.parametrize(("client", "redirect"), [("another", BACK), (CLIENT, f"{BACK}/x")])
def test_a_code_is_for_one_client_and_one_address(provider: Provider, client: str, redirect: str) -> None:
    begun = Begun.now()
    with pytest.raises(SignInRefused):
        redeem(provider, Client(client), redirect, granted(provider, begun), begun)


def test_a_code_is_good_once(provider: Provider) -> None:
    begun = Begun.now()
    code = granted(provider, begun)
    redeem(provider, Client(CLIENT), BACK, code, begun)
    with pytest.raises(SignInRefused):
        redeem(provider, Client(CLIENT), BACK, code, begun)


def test_an_old_token_signs_nobody_in(
    provider: Provider, running: DemoProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that keeps tokens, or whose clock is wrong."""
    begun, old = Begun.now(), int(time.time()) - FRESH_SECONDS - 5

    def token(_: DemoProvider, client: str, account: str, **more: str) -> str:
        claims = {"iss": running.issuer, "sub": account, "aud": client, "iat": old, "exp": old + 10**6, **more}
        return jwt.encode({"alg": "ES256", "kid": running.key.kid}, claims, running.key, algorithms=["ES256"])

    monkeypatch.setattr(DemoProvider, "id_token", token)
    with pytest.raises(SignInRefused, match="too old"):
        redeem(provider, Client(CLIENT), BACK, granted(provider, begun), begun)


def test_a_provider_without_the_flow_is_named_with_what_it_lacks(
    running: DemoProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert discover(running.issuer, DEVICE).begins.endswith("/device_authorization")
    monkeypatch.setattr("hub.home.sign_in._get", lambda _: {"issuer": running.issuer})
    with pytest.raises(SignInRefused, match="authorization_endpoint; sign-in needs the authorization code flow"):
        discover(running.issuer, CODE)


@pytest.mark.parametrize(
    "redirect", ["https://evil.example/console/signed-in", "http://evil.example/", "", BACK + "?x=1"]
)
def test_the_demo_provider_sends_a_code_to_this_machine_alone(running: DemoProvider, redirect: str) -> None:
    provider = discover(running.issuer, CODE)
    page = page_of(provider, CLIENT, redirect, Begun.now())
    for answer in (httpx.get(page, trust_env=False), httpx.post(page, data={"account": "zhang"}, trust_env=False)):
        assert answer.status_code == 400
        assert "location" not in answer.headers
