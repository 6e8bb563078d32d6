"""A resident's objection, as a browser sends it."""

from __future__ import annotations

import re

from tests.support.console.browsing import Browser

MINE = "/console/my-data"
SEND = f"{MINE}/object/send"
REASON = "我没有办过这件事，为什么查我的信息？"


def handles(browser: Browser) -> list[str]:
    """The handles of the lines on the page of a resident, the newest first."""
    return re.findall(r"object\?access=([0-9a-f]{32})", browser.get(MINE).text)


def objection_form(browser: Browser, at: int = 0, **changes: str) -> dict[str, str]:
    """The form for a line of the page, filled in; `changes` are other texts for its fields."""
    access = handles(browser)[at]
    page = browser.get(f"{MINE}/object?access={access}").text
    form = re.search(r'name="form" value="([0-9a-f]{32})"', page)
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert form is not None and token is not None
    filled = {"csrf_token": token[1], "form": form[1], "access": access, "scope": "one", "reason": REASON}
    return {**filled, **changes}


def numbers(browser: Browser) -> list[str]:
    """The numbers of a resident's objections, the newest first."""
    return re.findall(r"<code>([0-9a-f]{12})</code>", browser.get(MINE).text)


def send_objection(browser: Browser, at: int = 0, **changes: str) -> str:
    """Send one, and give its number; it has to be taken."""
    before = numbers(browser)
    answer = browser.post(SEND, objection_form(browser, at, **changes))
    assert answer.status_code == 303, answer.text
    (number,) = set(numbers(browser)) - set(before)
    return number
