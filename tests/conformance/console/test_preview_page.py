"""A preview in the console, with a real graph of invented people: one query, before and after, side by side."""

from __future__ import annotations

import re
import time
from html import unescape
from pathlib import Path

import httpx
import pytest

from audit.log import read
from hub.steward.actor import Actor
from tests.conformance.console.test_review import drafted
from tests.support.console.browsing import Browser, console_scene, words_of

pytestmark = [pytest.mark.conformance, pytest.mark.attack, pytest.mark.slow, pytest.mark.wide]
PATIENCE = 240.0
NUMBER = "13912345678"
"""A phone number that a steward types into a query."""
CHOSEN = "application=fire-inspection&purpose=safety.fire.rental"


def posted(browser: Browser, path: str, **form: str) -> httpx.Response:
    held = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    said = {"origin": browser.origin, "sec-fetch-site": "same-origin", **held}
    data = {"csrf_token": browser.form_token(), **form}
    return httpx.post(browser.origin + path, data=data, headers=said, trust_env=False, timeout=PATIENCE)


def test_j09_a_draft_is_seen_on_invented_people_beside_the_version_in_force(tmp_path: Path) -> None:
    with console_scene(tmp_path / "home") as scene:
        number, content = drafted(scene)
        zhang, began = scene.signed_in("zhang"), time.monotonic()
        assert posted(zhang, "/console/preview/prepare", number=str(number)).status_code == 303
        making = zhang.get(f"/console/preview?number={number}")
        assert making.headers["refresh"] == "5" and "正在生成虚构数据" in words_of(making)
        assert zhang.get("/console/matrix").status_code == 200 and time.monotonic() - began < 10, "nobody waits for it"
        address = f"/console/preview?number={number}&{CHOSEN}"
        while "对照试查" not in words_of(zhang.get(address)):
            assert time.monotonic() < began + PATIENCE, words_of(zhang.get(address))
            time.sleep(1)
        found = re.search(r'<textarea name="query"[^>]*>\n(.*?)</textarea>', zhang.get(address).text, re.DOTALL)
        assert found is not None
        query = unescape(found[1])
        assert "phone" in query, "what the draft changes is asked for"
        form = {"number": str(number), "application": "fire-inspection", "purpose": "safety.fire.rental"}
        page = posted(zhang, "/console/preview/run", query=query, **form)
        assert page.status_code == 200, words_of(page)
        assert "以下均为虚构数据" in words_of(page)
        differing = re.findall(r'<tr class="differs">.*?</tr>', page.text)
        assert differing and all("phone" in row for row in differing), "the draft changes phones alone"
        assert any("***" in row for row in differing)
        with_value = f'{{ people(first: 1, where: {{phone: {{eq: "{NUMBER}"}}}}) {{ edges {{ node {{ id }} }} }} }}'
        page = posted(zhang, "/console/preview/run", query=with_value, **form)
        assert "FIELD_NOT_FILTERABLE" in words_of(page), "a masked field is no oracle in a preview either"
        kinds = [each.record for each in read(scene.settings.audit_log) if each.record.kind == "preview"]
        assert [each.policy_version for each in kinds[:2]] == [scene.served.hub.policy.version, content]
        assert {each.subject for each in kinds} == {Actor("zhang").digest(scene.served.hub.digester)}
        assert all(each.variables["issuer"] == scene.provider.issuer for each in kinds)
        stored = b"".join(each.read_bytes() for each in scene.settings.home.glob("*") if each.is_file())
        assert NUMBER.encode() not in stored, "no file of the home holds what was typed"
        assert not [each for each in read(scene.settings.audit_log) if each.record.kind == "query"]
