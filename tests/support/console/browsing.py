"""A hub with a console and a provider, and a browser without pictures, which keeps cookies and says where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from hub.demo.provider import DemoProvider, demo_provider, residents_provider, settings_for_residents
from hub.graph.local import GraphAddress
from hub.home.seals import load_key
from hub.home.settings import Settings
from hub.steward.changes import steward_session, store_of
from schema import SPINE
from tests.support.serving import COUNTY, Served, serving

COUNTY_SOURCES = COUNTY.with_name("sources")
NOWHERE = GraphAddress("bolt://127.0.0.1:1", "neo4j", "none")
"""No page of the sign-in asks the graph."""
PEOPLE = [
    ("zhang", "steward"),
    ("li", "steward"),
    ("wu", "auditor"),
    ("chen", "operator"),
    ("sun", "developer"),
    ("nobody", "a stranger"),
]


@dataclass
class Browser:
    """It follows no redirect by itself. `cookies` are those that it holds for the console's host."""

    origin: str
    cookies: dict[str, str] = field(default_factory=dict)
    set: list[str] = field(default_factory=list)
    """Every `Set-Cookie` that it was sent."""

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Read a page of the console, or of the provider by its whole address."""
        return self._send("GET", path, None, headers)

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> httpx.Response:
        """Send a form as a page of the console does."""
        said = {"origin": self.origin, "sec-fetch-site": "same-origin"}
        return self._send("POST", path, form, {**said, **headers})

    def sign_in(self, account: str, to: str = "") -> httpx.Response:
        """Sign in at the provider's page; returns the page at which the browser ends."""
        asked = self.get(f"/console/sign-in{to}")
        granted = httpx.post(asked.headers["location"], data={"account": account}, trust_env=False)
        back = urlsplit(granted.headers["location"])
        finished = self.get(f"{back.path}?{back.query}")
        return self.get(finished.headers["location"]) if finished.status_code == 303 else finished

    def sign_in_as_resident(self, account: str) -> httpx.Response:
        """Sign in at the residents' provider; returns the page at which the browser ends."""
        finished = self.get(self.way_back(account))
        return self.get(finished.headers["location"]) if finished.status_code == 303 else finished

    def way_back(self, account: str) -> str:
        """Begin to sign in at the residents' provider; the page to which it sends the browser back."""
        asked = self.get("/console/my-data/sign-in")
        granted = httpx.post(asked.headers["location"], data={"account": account}, trust_env=False)
        back = urlsplit(granted.headers["location"])
        return f"{back.path}?{back.query}"

    def form_token(self, path: str = "/console/sessions") -> str:
        """The token in the forms of a page."""
        found = re.search('name="csrf_token" value="([0-9a-f]+)"', self.get(path).text)
        return found[1] if found else ""

    def _send(
        self, method: str, path: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        held = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        with httpx.Client(base_url=self.origin, trust_env=False, timeout=30) as client:
            response = client.request(method, path, data=form, headers={**held, **headers})
        for text in response.headers.get_list("set-cookie"):
            self.set.append(text)
            name, _, value = text.partition(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in text:
                del self.cookies[name]
        return response


def words_of(page: httpx.Response) -> str:
    """What a page says, without its markup."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text.partition("<body>")[2])))


@dataclass
class ConsoleScene:
    """A served console, its settings, its provider, and that of residents."""

    served: Served
    settings: Settings
    provider: DemoProvider
    residents: DemoProvider

    def browser(self) -> Browser:
        """A browser that holds nothing yet."""
        return Browser(f"http://127.0.0.1:{self.served.hub.settings.port}")

    def signed_in(self, account: str) -> Browser:
        """A browser in which this person is signed in."""
        browser = self.browser()
        assert browser.sign_in(account).status_code == 200
        return browser


@contextmanager
def console_scene(
    home: Path,
    address: GraphAddress = NOWHERE,
    policies: Path = COUNTY,
    people: Sequence[tuple[str, str]] = PEOPLE,
    **more: Any,
) -> Iterator[ConsoleScene]:
    """Serve a hub with policies in a store, a provider of people and one of residents; `more` are settings.

    All browsers are at one address, and sign in more often than people do: neither limit is met by chance.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.console.front.BURST", 100_000)
        patch.setattr("hub.console.sessions.store.MOST_OF_ACCOUNT", 100_000)
        with _scene(home, address, policies, people, more) as scene:
            yield scene


@contextmanager
def _scene(
    home: Path, address: GraphAddress, policies: Path, people: Sequence[tuple[str, str]], more: Mapping[str, Any]
) -> Iterator[ConsoleScene]:
    settings = Settings.load(home=home, policies=policies, **more)
    with steward_session(settings, SPINE):
        pass
    load_key(settings.graph_key)  # as a first pull makes it
    store = store_of(settings, SPINE)
    with demo_provider(settings, people) as provider, residents_provider() as residents:
        known: dict[str, Any] = {"sources": COUNTY_SOURCES, **settings_for_residents(residents), **more}
        with serving(home, address, store=store, policies=policies, **known) as served:
            yield ConsoleScene(served, settings, provider, residents)
