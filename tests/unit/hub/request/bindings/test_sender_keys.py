"""A proof is good for half a minute and once, whichever worker of a hub is asked."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from joserfc.errors import JoseError

from hub.buckets import Buckets
from hub.request.bindings.sender_keys import PROOF_SECONDS, SenderKeys, Shown
from tests.support.registered.proofs import bound_to, proof

pytestmark = pytest.mark.unit
URL, TOKEN = "https://hub.example/graphql", "a.b.c"
CLAIMS: dict[str, Any] = {"cnf": bound_to()}


def check(senders: SenderKeys, text: str, now: float) -> None:
    senders.check(Shown(text, "POST", "/graphql"), TOKEN, CLAIMS, required=True, now=now)


def test_all_workers_know_which_proofs_were_used() -> None:
    one = Buckets.shared()
    assert one._file is not None
    other = Buckets(os.dup(one._file), one._secret)
    workers = [SenderKeys(["https://hub.example"], each) for each in (one, other)]
    now = time.time()
    for first, second in (workers, workers[::-1]):
        text = proof(TOKEN, URL)
        check(first, text, now)
        for each in (second, first):
            with pytest.raises(ValueError, match="used before"):
                check(each, text, now)


def test_a_stream_that_goes_on_shows_no_other_proof() -> None:
    senders, now = SenderKeys(["https://hub.example"], Buckets()), time.time()
    earlier = Shown(None, "POST", "/graphql", earlier=True)
    senders.check(earlier, TOKEN, CLAIMS, required=True, now=now)
    with pytest.raises(ValueError, match="bound to no key"):
        senders.check(earlier, TOKEN, {}, required=True, now=now)
    for shown in (None, Shown(None, "POST", "/graphql"), Shown("a.b.c", "POST", "/graphql")):
        with pytest.raises((ValueError, JoseError)):
            senders.check(shown, TOKEN, CLAIMS, required=True, now=now)


@pytest.mark.parametrize("seconds", [-PROOF_SECONDS, 0, PROOF_SECONDS])
def test_a_proof_is_good_to_the_last_second(seconds: int) -> None:
    now = 1_800_000_000
    senders = SenderKeys(["https://hub.example"], Buckets())
    check(senders, proof(TOKEN, URL, iat=now), now + seconds)
    with pytest.raises(ValueError, match="another time"):
        check(senders, proof(TOKEN, URL, iat=now), now + seconds * 1.1 + (seconds >= 0 or -1) * 31)


@pytest.mark.parametrize("iat", [float("1e400"), -1, 10**400])
def test_a_time_that_is_none_is_refused(iat: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        check(SenderKeys(["https://hub.example"], Buckets()), proof(TOKEN, URL, iat=iat), time.time())


def test_a_proof_is_remembered_for_as_long_as_it_is_good() -> None:
    clock = [0]
    senders = SenderKeys(["https://hub.example"], Buckets(now=lambda: clock[0]))
    now = 1_800_000_000
    text = proof(TOKEN, URL, iat=now + PROOF_SECONDS)
    check(senders, text, now)
    clock[0] = 2 * PROOF_SECONDS * 1_000_000_000
    with pytest.raises(ValueError, match="used before"):
        check(senders, text, now + 2 * PROOF_SECONDS)


def test_many_proofs_are_remembered_and_none_is_let_in_twice() -> None:
    senders, now = SenderKeys(["https://hub.example"], Buckets()), time.time()
    texts = [proof(TOKEN, URL) for _ in range(200)]
    for text in texts:
        check(senders, text, now)
    for text in texts:
        with pytest.raises(ValueError, match="used before"):
            check(senders, text, now)
