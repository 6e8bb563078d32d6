"""A developer's first day over a real graph: how old data is, each example run, and code that is copied and run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import unescape
from pathlib import Path

import httpx
import pytest

from connectors.base import ConnectorError
from hub.graph.local import GraphAddress
from hub.ingest.pull import run_pull
from tests.conformance.clients.node_programs import node
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.pulling import silent
from tests.support.sources.small_sources import UNITS, SmallSource

pytestmark = pytest.mark.conformance

PURPOSES = ("event.dispatch", "event.callback")


@pytest.fixture(scope="module")
def scene(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    """Events come of two sources: one was read, and the file of the other is missing."""
    folder = tmp_path_factory.mktemp("tries")
    small = SmallSource(folder, empty_graph, assertedBy="市民热线")
    small.write([["E1", "东街1号", "柳某", "13900000001"]])
    small.pull()
    block = {
        "name": "street", "kind": "csv", "where": str(folder / "none.csv"), "collectedFor": "event", "trust": 2,
        "assertedBy": "街道办", "schedule": {"every": "1d"}, "records": [{**UNITS, "name": "calls"}],
    }  # fmt: skip
    (folder / "sources" / "street.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")
    with suppress(ConnectorError):
        run_pull(small.settings, folder / "sources", ["street"], folder, {}, silent, address=empty_graph)
    with console_scene(folder / "console", empty_graph) as running:
        yield running


@pytest.fixture(scope="module")
def sun(scene: ConsoleScene) -> Browser:
    return scene.signed_in("sun")


@pytest.fixture(scope="module")
def form_token(sun: Browser) -> str:
    return sun.form_token()


def fields_of(page: str) -> dict[str, str]:
    """The texts that the form of the query page holds."""
    found = re.findall(r'<textarea name="(\w+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return {name: unescape(text) for name, text in found}


def code_of(page: httpx.Response) -> dict[str, str]:
    found = re.findall(r"<summary>(curl|Python|TypeScript)</summary><pre[^>]*>(.*?)</pre>", page.text, re.DOTALL)
    return {name: unescape(text) for name, text in found}


@pytest.mark.parametrize("path", ["catalogue", "type?type=Event"])
def test_each_source_of_a_type_tells_when_it_was_last_read_well(path: str, sun: Browser) -> None:
    text = re.sub(r"<time datetime=\"([^\"]+)\"[^>]*>[^<]*", r"\1 ", sun.get(f"/console/developer/{path}").text)
    said = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    assert re.search(r"市民热线 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ 街道办 尚未成功接入 已过期", said), said


def test_a_type_that_no_source_writes_says_so(sun: Browser) -> None:
    assert "最近一次成功接入 尚无来源" in words_of(sun.get("/console/developer/type?type=Dwelling"))


def test_each_example_runs_as_it_stands(sun: Browser, form_token: str) -> None:
    tried = 0
    for purpose in PURPOSES:
        page = sun.get(f"/console/developer/query?purpose={purpose}").text
        for link in re.findall(r'href="([^"]*example=[^"]+)"', page):
            fields = fields_of(sun.get(unescape(link)).text)
            asked = {"csrf_token": form_token, "application": "grid-desk", "purpose": purpose, "act": "run", **fields}
            ran = sun.post("/console/developer/ask", asked)
            assert 'role="alert"' not in ran.text, (link, words_of(ran))
            assert "答复" in words_of(ran)
            tried += 1
    assert tried >= 6


def test_the_page_begins_with_the_first_example(sun: Browser) -> None:
    assert fields_of(sun.get("/console/developer/query").text)["document"].startswith("{")


@pytest.fixture(scope="module")
def copied(sun: Browser, form_token: str) -> Mapping[str, str]:
    """The code of an example, by language."""
    return code_of(sun.get("/console/developer/query?purpose=event.dispatch&example=list-Event"))


@pytest.fixture(scope="module")
def token(sun: Browser, form_token: str) -> str:
    page = sun.post("/console/developer/token", {"csrf_token": form_token, "application": "grid-desk"})
    (found,) = re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", page.text)
    return str(found)


def run(command: list[str], token: str) -> str:
    """What a program prints that has nothing but the token around it."""
    done = subprocess.run(command, env={"TOKEN": token}, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_runs_when_it_is_copied(copied: Mapping[str, str], token: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    shell = shutil.which("sh")
    assert shell is not None
    assert (
        "events"
        in json.loads(run([shell, "-c", copied["curl"].replace("curl", shutil.which("curl") or "", 1)], token))["data"]
    )


def test_the_python_runs_when_it_is_copied(copied: Mapping[str, str], token: str) -> None:
    assert run([sys.executable, "-c", copied["Python"]], token).startswith("{'events': {'edges': ")
    refused = run([sys.executable, "-c", copied["Python"]], "none")
    assert refused.startswith("None [{'message': "), "a refusal is printed, and no trace"


def test_the_typescript_runs_when_it_is_copied(copied: Mapping[str, str], token: str, tmp_path: Path) -> None:
    program = tmp_path / "query.mts"
    program.write_text(copied["TypeScript"], "utf-8")
    assert "events" in json.loads(run([node(), str(program)], token))["data"]


def test_a_fault_names_line_and_column_shows_the_place_and_says_what_to_do(sun: Browser, form_token: str) -> None:
    asked = {"csrf_token": form_token, "application": "grid-desk", "purpose": "event.dispatch", "act": "explain"}
    page = sun.post("/console/developer/ask", {**asked, "document": "{\r\n  people { nothing }\r\n}"})
    assert "查询的第 2 行第 12 列：" in words_of(page)
    assert '<pre class="lines">  people { <mark>n</mark>othing }</pre>' in page.text
    assert "请按提示的行列更正" in words_of(page)


def linked(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'class="dev-ask" href="([^"]+)"', page)]


@pytest.mark.parametrize("name", ["Person", "Event", "Dwelling"])
def test_each_field_that_is_not_seen_in_clear_leads_to_its_request(name: str, sun: Browser) -> None:
    page = sun.get(f"/console/developer/type?type={name}").text
    links = linked(page)
    assert len(links) == len(re.findall(r'<td[^>]*><span class="cell (?!clear)', page)) > 0
    for link in links:
        form = sun.get(link)
        assert form.status_code == 200, link
        told = httpx.URL(link).params
        assert f'<option value="{told["purpose"]}" selected>' in form.text
        assert f'name="wish/{told["field"]}"' in form.text
        assert ('<option value="clear" selected>' in form.text) == (told.get("wanted") == "clear")


def test_what_is_masked_or_denied_in_a_query_leads_to_its_request(sun: Browser, form_token: str) -> None:
    asked = {"csrf_token": form_token, "application": "grid-desk", "purpose": "event.dispatch", "variables": ""}
    document = "{ people { edges { node { name phone registeredAddress } } } }"
    for act in ("explain", "run"):
        page = sun.post("/console/developer/ask", {**asked, "document": document, "act": act}).text
        told = {link.partition("field=")[2] for link in linked(page)}
        assert "Person.registeredAddress" in told, act
        assert act == "run" or "Person.phone&wanted=clear" in told, "a row that is masked is shown in an answer alone"
        assert all(sun.get(link).status_code == 200 for link in linked(page))


@pytest.mark.parametrize("wanted", ["nothing", "clear ", "partial(9,9)"])
def test_a_wish_that_a_field_has_not_is_refused(wanted: str, sun: Browser) -> None:
    path = "/console/requests/new?application=grid-desk&field=Person.phone"
    assert sun.get(f"{path}&wanted={wanted}").status_code == 400
