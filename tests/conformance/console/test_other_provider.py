"""People sign in to the console at an OpenID provider that is not ours: the package `oidc-provider`, as it comes."""

from __future__ import annotations

import re
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from hub.demo.provider import CLAIM
from hub.home.seals import load_key
from hub.home.settings import Settings
from hub.steward.changes import steward_session, store_of
from schema import SPINE
from tests.conformance.provider.running import install_provider, other_key, provider, signing_key
from tests.support.console.browsing import NOWHERE, Browser, words_of
from tests.support.console.looks import look_at
from tests.support.ports import free_port
from tests.support.serving import COUNTY, serving

pytestmark = [pytest.mark.conformance, pytest.mark.slow]


def sign_in_there(page: str, login: str, back: str) -> str:
    """Fill in the provider's own forms as a person does, until it sends the browser `back`; where to."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        answer = client.get(page)
        for _ in range(12):
            if answer.is_redirect:
                page = urljoin(page, answer.headers["location"])
                if page.startswith(back):
                    return page
                answer = client.get(page)
            else:
                action = re.search('action="([^"]+)"', answer.text)
                prompt = re.search('name="prompt" value="([^"]+)"', answer.text)
                assert action and prompt, answer.text
                page = urljoin(page, unescape(action[1]))
                answer = client.post(page, data={"prompt": prompt[1], "login": login, "password": "any"})
    raise AssertionError("the provider never sent the browser back")


def test_a_person_signs_in_at_another_provider_and_a_stranger_does_not(tmp_path: Path) -> None:
    (tmp_path / "provider").mkdir()
    packages, home, port = install_provider(tmp_path / "provider"), tmp_path / "home", free_port()
    back = f"http://127.0.0.1:{port}/console/signed-in"
    redirects = (back, f"http://127.0.0.1:{port}/console/my-data/signed-in")
    with provider(packages, signing_key("one"), other_key("two"), redirects=redirects) as running:
        settings = Settings.load(home=home, policies=COUNTY)
        with steward_session(settings, SPINE):
            pass
        load_key(settings.graph_key)
        look_at(settings, "qi")
        residents = {
            "resident_issuer": running.issuer,
            "resident_client": "sluicegate-residents",
            "resident_claim": CLAIM,
        }
        (tmp_path / "secret").write_text("se:cret +1%\n", "utf-8")
        residents["resident_secret_file"] = str(tmp_path / "secret")
        more: dict[str, Any] = {"policies": COUNTY, "sign_in_issuer": running.issuer, "port": port, **residents}
        with closing(store_of(settings, SPINE)) as store, serving(home, NOWHERE, store=store, **more):
            browser = Browser(f"http://127.0.0.1:{port}")
            for login, said in (("wu", "当前账号 wu"), ("somebody", "此账号未登记")):
                asked = browser.get("/console/sign-in").headers["location"]
                answer = urlsplit(sign_in_there(asked, login, back))
                page = browser.get(f"{answer.path}?{answer.query}")
                page = browser.get(page.headers["location"]) if page.is_redirect else page
                assert said in words_of(page)
                assert browser.get(f"{answer.path}?{answer.query}").status_code == 400, "a code is good once"
            for login, said in (("qi", "出租房屋消防检查"), ("somebody", "无法确认您的身份")):
                resident = Browser(f"http://127.0.0.1:{port}")
                asked = resident.get("/console/my-data/sign-in").headers["location"]
                answer = urlsplit(sign_in_there(asked, login, redirects[1]))
                page = resident.get(f"{answer.path}?{answer.query}")
                page = resident.get(page.headers["location"]) if page.is_redirect else page
                assert said in words_of(page), "the number is the claim that was asked for, or there is none"
