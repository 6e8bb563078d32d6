"""A developer's request for access, as a browser sends it."""

from __future__ import annotations

import datetime as dt
import re

from tests.support.console.browsing import Browser

FIELDS = ("Person.name", "Person.phone")


def form_of(browser: Browser, *fields: str, **changes: str) -> dict[str, str]:
    """The form for some fields, filled in; `changes` are other texts for its fields, `wish_…` not among them."""
    chosen = "&".join(f"field={name}" for name in fields or FIELDS)
    page = browser.get(f"/console/requests/new?application=grid-desk&{chosen}").text
    form = re.search(r'name="form" value="([0-9a-f]{32})"', page)
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert form is not None and token is not None
    filled = {
        "csrf_token": token[1],
        "form": form[1],
        "application": "grid-desk",
        "purpose": "welfare.elder",
        "rows": "本街道的高龄老人",
        "basis": "中华人民共和国老年人权益保障法 第十三条",
        "until": (dt.date.today() + dt.timedelta(days=90)).isoformat(),
        "reason": "上门探访前需要电话联系",
        "anyway": "1",
        **{f"wish/{name}": "clear" for name in fields or FIELDS},
    }
    return {**filled, **changes}


def ask(browser: Browser, *fields: str, **changes: str) -> str:
    """Ask, and give the id of the request; it has to be one."""
    answer = browser.post("/console/requests/ask", form_of(browser, *fields, **changes))
    assert answer.status_code == 303, answer.text
    found = re.search(r"\?id=([0-9a-f]+)$", answer.headers["location"])
    assert found is not None, answer.headers["location"]
    return found[1]
