"""When a hub asks its provider for keys, how often at most, and how long keys stay; by real HTTP and a set clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from hub.errors import HubError
from hub.request.auth import SignedTokens, Verifier
from hub.request.issuer.follower import PAUSE_SECONDS, REFRESH_SECONDS, ProviderFollower
from tests.support.sources.rest_server import JSON, Reply, server

pytestmark = pytest.mark.unit

NOW = 1_800_000_000
DAY = 86_400.0


@dataclass
class World:
    """A provider that answers with `keys`, or with status 503 while `away`, and a hub that follows it."""

    issuer: str
    asked: list[str]
    keys: list[ECKey]
    verifier: Verifier
    away: bool = False
    time: float = 1_000.0
    follower: ProviderFollower = field(init=False)

    def __post_init__(self) -> None:
        self.follower = ProviderFollower(self, self.issuer, DAY, kept=10, clock=lambda: self.time)

    def look(self, after: float = 0.0) -> int:
        """How often the keys were asked for by one look, after so many seconds."""
        self.time += after
        before = len(self.asked)
        asyncio.run(self.follower.look())
        return sum(path.endswith("configuration") for path in self.asked[before:])

    def accepts(self, key: ECKey) -> bool:
        claims = {"iss": self.issuer, "aud": "hub", "client_id": "app", "sub": "p", "iat": NOW, "exp": NOW + 600}
        token = jws.serialize_compact({"alg": "ES256", "kid": key.kid}, json.dumps(claims), key)
        try:
            return self.verifier.verify(token, NOW) == ("app", "p")
        except HubError:
            return False


def key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


OLD, NEW, STRANGER = key("old"), key("new"), key("stranger")


@contextmanager
def world() -> Iterator[World]:
    made: list[World] = []

    def answer(_: int, __: dict[str, str]) -> Reply:
        (here,) = made
        keys = [each.as_dict(private=False) for each in here.keys]
        content = {"issuer": here.issuer, "jwks_uri": f"{here.issuer}/keys", "keys": keys}
        return (503, JSON, b"{}") if here.away else (200, JSON, json.dumps(content).encode())

    with server(answer) as (url, asked):
        made.append(World(url, asked, [OLD], Verifier(url, "hub", KeySet([]), SignedTokens(10))))
        yield made[0]


def test_keys_are_asked_for_at_once_and_then_every_five_minutes() -> None:
    with world() as here:
        assert not here.accepts(OLD)
        assert here.look() == 1
        assert here.accepts(OLD)
        assert [here.look(20), here.look(REFRESH_SECONDS - 21), here.look(2), here.look(20)] == [0, 0, 1, 0]


def test_a_withdrawn_key_is_dropped_at_the_next_refresh() -> None:
    with world() as here:
        here.look()
        assert here.accepts(OLD)
        here.keys = [NEW]
        here.look(REFRESH_SECONDS)
        assert (here.accepts(OLD), here.accepts(NEW)) == (False, True)


def test_tokens_that_were_checked_are_kept_while_the_keys_are_the_same() -> None:
    with world() as here:
        here.look()
        before = here.verifier
        here.look(REFRESH_SECONDS)
        assert here.verifier is before
        here.keys = [OLD, NEW]
        here.look(REFRESH_SECONDS)
        assert here.verifier.signed is not before.signed


def test_an_unknown_key_is_asked_for_once_in_ten_seconds_however_many_tokens_name_one() -> None:
    with world() as here:
        here.look()
        here.keys = [OLD, NEW]
        asked = 0
        for _ in range(100):
            assert not here.accepts(STRANGER)
            asked += here.look(PAUSE_SECONDS / 50)
        assert asked == 2
        assert here.accepts(NEW)


def test_a_bad_signature_by_a_known_key_asks_for_nothing() -> None:
    with world() as here:
        here.look()
        assert not here.accepts(key("old"))
        assert here.look(PAUSE_SECONDS + 1) == 0


def test_the_operator_may_ask_for_the_keys() -> None:
    with world() as here:
        here.look()
        here.follower.read_again()
        assert [here.look(1), here.look(PAUSE_SECONDS), here.look(PAUSE_SECONDS)] == [0, 1, 0]


def test_keys_stay_for_a_day_while_the_provider_is_away_and_no_longer() -> None:
    with world() as here:
        here.look()
        here.away = True
        here.look(REFRESH_SECONDS)
        assert here.follower.warnings == (
            "the issuer's keys of before stay, for 24 h at most: "
            f"the provider {here.issuer}: its discovery document is answered with status 503",
        )
        here.look(DAY - REFRESH_SECONDS)
        assert here.accepts(OLD)
        here.look(1)
        assert not here.accepts(OLD)
        assert here.follower.warnings[0].startswith("no token is accepted, the hub has no keys: the provider")
        here.away = False
        here.look(PAUSE_SECONDS)
        assert here.accepts(OLD)
        assert not here.follower.warnings


def test_a_provider_that_is_away_is_asked_every_ten_seconds() -> None:
    with world() as here:
        here.away = True
        assert [here.look(), here.look(PAUSE_SECONDS - 1), here.look(1), here.look(1)] == [1, 0, 1, 0]
        assert "no token is accepted" in here.follower.warnings[0]


def test_a_key_set_that_cannot_be_used_changes_nothing() -> None:
    with world() as here:
        here.look()
        here.keys = []
        here.look(REFRESH_SECONDS)
        assert here.accepts(OLD)
        assert "no key that can check a token" in here.follower.warnings[0]
