"""Names in tokens and sign-ins can be told apart by looking at them."""

from __future__ import annotations

import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from hub.home.sign_in import SignInRefused, check_token
from hub.home.visible_names import is_visible

pytestmark = pytest.mark.unit

SEEN = ["li", "li na", "DEMO-STAFF-0417", "买买提·阿不都拉", "é", "e\u0301", "o'neil@city.gov.cn", "𠮷"]
UNSEEN = [
    "l\u200bi",
    "li\u200d",
    "\ufeffli",
    "l\u00adi",
    "li\u202e",
    "li\x00",
    "li\n",
    " li",
    "li ",
    "l\u00a0i",
    "li\u3164",
]
UNSEEN += ["li\ufe0f", "l\u034fi", "li\U000e0041", "li\ue000", "\u2800"]


@pytest.mark.parametrize("name", SEEN)
def test_case_1_09_a_name_that_can_be_seen(name: str) -> None:
    assert is_visible(name)


@pytest.mark.parametrize("name", UNSEEN, ids=ascii)
def test_case_1_09_a_name_with_what_cannot_be_seen_signs_nobody_in(name: str) -> None:
    assert not is_visible(name)
    key = ECKey.generate_key("P-256", parameters={"alg": "ES256", "kid": "k"}, private=True)
    for subject, accepted in (("li", True), (name, False)):
        claims = {"iss": "https://id.example", "aud": "hub", "sub": subject, "iat": int(time.time())}
        token = jwt.encode({"alg": "ES256", "kid": "k"}, claims, key)
        if accepted:
            assert check_token(token, KeySet([key]), "https://id.example", "hub").subject == "li"
            continue
        with pytest.raises(SignInRefused, match="cannot be seen"):
            check_token(token, KeySet([key]), "https://id.example", "hub")
