"""A hub follows its issuer's key file: a new key is accepted, a removed one is not, a broken file changes nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from hub.home.following import LOOK_SECONDS, Follower
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.unit


def issuer(folder: Path) -> Issuer:
    """Another issuer with a key of its own, under the name that the hub trusts."""
    return Issuer(Settings.load(home=folder))


def publish(path: Path, *issuers: Issuer) -> None:
    keys = [key for each in issuers for key in json.loads(each.write_jwks().read_bytes())["keys"]]
    path.write_text(json.dumps({"keys": keys}))


def await_code(served: Served, token: str, code: str) -> None:
    deadline = time.monotonic() + 20
    while code_of(served.ask(token=token)) != code and time.monotonic() < deadline:
        time.sleep(0.1)
    assert code_of(served.ask(token=token)) == code


def warnings(served: Served) -> str:
    return " ".join(served.client.get("/readyz").json().get("warnings", []))


def test_case_2_06_the_key_file_is_followed(tmp_path: Path) -> None:
    assert LOOK_SECONDS <= 5
    old, new, file = issuer(tmp_path / "old"), issuer(tmp_path / "new"), tmp_path / "jwks.json"
    before, after = (each.issue("fire-inspection", "inspector-1") for each in (old, new))
    publish(file, old)
    with serving(tmp_path / "home", issuer_jwks=file) as served:
        assert [code_of(served.ask(token=each)) for each in (before, after)] == ["OK", "UNAUTHENTICATED"]
        publish(file, old, new)
        await_code(served, after, "OK")
        assert code_of(served.ask(token=before)) == "OK"
        publish(file, new)
        await_code(served, before, "UNAUTHENTICATED")
        assert code_of(served.ask(token=after)) == "OK"


def test_case_2_06_the_local_issuers_key_is_followed_too(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as served:
        before = served.issuer.issue("fire-inspection", "inspector-1")
        key = served.hub.settings.keys_folder / "issuer.jwk"
        key.write_text(json.dumps(ECKey.generate_key("P-256", {"kid": "next"}, private=True).as_dict(private=True)))
        await_code(served, before, "UNAUTHENTICATED")
        assert code_of(served.ask(token=issuer(tmp_path / "home").issue("fire-inspection", "inspector-1"))) == "OK"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"keys": [{"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAA", "kid": "x"}]}', None]
)
def test_case_2_06_a_file_that_cannot_be_used_changes_nothing_and_is_told(
    tmp_path: Path, content: bytes | None
) -> None:
    own, file = issuer(tmp_path / "own"), tmp_path / "jwks.json"
    token = own.issue("fire-inspection", "inspector-1")
    publish(file, own)
    with serving(tmp_path / "home", issuer_jwks=file) as served:
        follower = served.hub.key_follower
        assert isinstance(follower, Follower)
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        follower.poll()
        assert "the issuer's keys of before stay" in warnings(served)
        assert served.client.get("/readyz").json()["policy"]
        assert code_of(served.ask(token=token)) == "OK"
        publish(file, own)
        follower.poll()
        assert "issuer" not in warnings(served)


def test_case_2_06_keys_are_read_again_on_request(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as served:
        follower, before = served.hub.key_follower, served.hub.verifier
        assert isinstance(follower, Follower)
        follower.poll()
        assert served.hub.verifier is before
        served.hub.read_again()
        follower.poll()
        assert served.hub.verifier is not before
        assert code_of(served.ask()) == "OK"
        assert isinstance(served.client, httpx.Client)
