"""A hub takes its keys from a real OpenID provider: found at its address, followed, kept while it is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.request.issuer.follower import PAUSE_SECONDS, ProviderFollower
from tests.conformance.provider.running import install_provider, other_key, provider, signing_key
from tests.support.ports import free_port
from tests.support.serving import Served, code_of, serving
from tests.support.waiting import until

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_provider(tmp_path_factory.mktemp("provider"))


def settings(issuer: str) -> dict[str, Any]:
    return {"issuer": issuer, "issuer_discovery": True}


def readiness(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = served.client.get("/readyz").json()
    return found


def warning(served: Served) -> str:
    told = [each for each in readiness(served).get("warnings", []) if "keys" in each]
    assert len(told) <= 1
    return "".join(told)


def has_keys(served: Served) -> Callable[[], bool]:
    return lambda: readiness(served)["keys"] is True


def later(served: Served, seconds: float) -> None:
    """Let the hub's follower of keys believe that so much time has passed."""
    follower = served.hub.key_follower
    assert isinstance(follower, ProviderFollower)
    follower.clock = lambda: time.monotonic() + seconds


def test_a_token_of_the_provider_is_accepted_and_of_nobody_else(packages: Path, tmp_path: Path) -> None:
    with (
        provider(packages, signing_key("one"), other_key("two")) as running,
        serving(tmp_path / "home", **settings(running.issuer)) as served,
    ):
        until(has_keys(served))
        assert code_of(served.ask(token=running.token())) == "OK"
        # The local issuer of the same home, under the same name.
        assert code_of(served.ask()) == "UNAUTHENTICATED"
        assert [key.kid for key in served.hub.verifier.keys] == ["one"]
        record = served.records()[0]
        assert (record.application, warning(served)) == ("fire-inspection", "")


def test_a_new_key_is_taken_soon_and_a_withdrawn_one_is_no_longer(packages: Path, tmp_path: Path) -> None:
    old, new = signing_key("old"), signing_key("new")
    with (
        provider(packages, old) as running,
        serving(tmp_path / "home", **settings(running.issuer)) as served,
    ):
        until(has_keys(served))
        before = running.token()
        assert code_of(served.ask(token=before)) == "OK"
        running.publish(new, old)
        after = running.token()
        assert code_of(served.ask(token=after)) == "UNAUTHENTICATED"
        until(lambda: code_of(served.ask(token=after)) == "OK", "the new key was not taken")
        assert code_of(served.ask(token=before)) == "OK"
        running.publish(new)
        later(served, 400)
        until(lambda: code_of(served.ask(token=before)) == "UNAUTHENTICATED", "the old key was not dropped")
        assert code_of(served.ask(token=after)) == "OK"


def test_a_flood_of_unknown_keys_asks_the_provider_once(packages: Path, tmp_path: Path) -> None:
    stranger = signing_key("stranger")
    with (
        provider(packages, signing_key("one")) as running,
        serving(tmp_path / "home", **settings(running.issuer)) as served,
    ):
        until(has_keys(served))
        running.publish(stranger)
        forged = running.token()
        running.publish(signing_key("one"))
        begun, asked = time.monotonic(), running.asked()
        for _ in range(60):
            assert code_of(served.ask(token=forged)) in ("UNAUTHENTICATED", "TOO_MANY_REQUESTS")
        until(lambda: running.asked() > asked, "the provider was not asked")
        most = 1 + (time.monotonic() - begun) / PAUSE_SECONDS
        assert running.asked() - asked <= most


def test_a_provider_that_is_away_keeps_its_keys_for_a_stated_time(packages: Path, tmp_path: Path) -> None:
    with (
        provider(packages, signing_key("one")) as running,
        serving(tmp_path / "home", issuer_keys_max_age=3_600, **settings(running.issuer)) as served,
    ):
        until(has_keys(served))
        token = running.token()
        running.stop()
        later(served, 3_500)
        until(lambda: bool(warning(served)), "readiness does not warn")
        assert "keys of before stay, for 1 h at most" in warning(served)
        assert readiness(served)["keys"] is True
        assert code_of(served.ask(token=token)) == "OK"
        later(served, 3_700)
        until(lambda: code_of(served.ask(token=token)) == "UNAUTHENTICATED", "the keys stay for ever")
        assert readiness(served)["keys"] is False
        assert "no token is accepted, the hub has no keys" in warning(served)


def test_a_hub_that_starts_before_its_provider_is_not_ready_and_says_why(packages: Path, tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "home", **settings(f"http://127.0.0.1:{port}")) as served:
        until(lambda: "cannot be reached" in warning(served), "readiness does not say why")
        assert (readiness(served)["ready"], readiness(served)["keys"]) == (False, False)
        assert code_of(served.ask()) == "UNAUTHENTICATED"
        with provider(packages, signing_key("one"), port=port) as running:
            later(served, 60)
            until(has_keys(served))
            assert code_of(served.ask(token=running.token())) == "OK"
            assert warning(served) == ""
