"""Several processes as one hub: workers of one home, and hubs of several homes that share graph, policies and log."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from joserfc.jwk import ECKey
from prometheus_client.parser import text_string_to_metric_families

from audit.log import read
from audit.verify import verify
from hub.home.audit_log import verifier_of
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from tests.support.county import POLICIES, ROOT, Answer, County, HubProcess, environment
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.postgres_log import server_log
from tests.support.waiting import until

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]
PEOPLE = "{ people(first: 2) { edges { cursor node { id name } } } }"
GUESS = "query($n: String!) { people(where: {idNumber: {eq: $n}}) { edges { node { name } } } }"
APP, PURPOSE = "grid-desk", "event.dispatch"


@pytest.fixture
def hub(county: County, tmp_path: Path) -> Iterator[HubProcess]:
    with county.another_hub(tmp_path, workers=2) as running:
        yield running


def ask_anew(hub: HubProcess) -> Answer:
    """One query over a connection of its own, which any worker may take."""
    with httpx.Client(base_url=hub.url, trust_env=False, timeout=60) as client:
        response = client.post("/graphql", json={"query": PEOPLE}, headers=hub.headers(APP, PURPOSE))
        return Answer(response.status_code, response.headers, response.content)


def guess(hub: HubProcess, number: int) -> list[str]:
    """Codes of the answer to a match that finds nobody."""
    return hub.ask("fire-inspection", "safety.fire.rental", GUESS, {"n": f"14032119900101{number:03}X"}).codes


def workers(hub: HubProcess) -> dict[int, psutil.Process]:
    """The workers of a hub, by process."""
    assert hub.process is not None
    running = {}
    for each in psutil.Process(hub.process.pid).children():
        with suppress(psutil.Error):  # it may have ended meanwhile
            if "spawn_main" in " ".join(each.cmdline()):
                running[each.pid] = each
    return running


def counted(hub: HubProcess) -> dict[str, float]:
    """How many requests each worker has answered with OK."""
    families = text_string_to_metric_families(hub.client.get("/metrics").text)
    samples = [each for family in families for each in family.samples]
    answered = {
        each.labels["worker"]: each.value
        for each in samples
        if each.name == "sluicegate_requests_total" and each.labels["code"] == "OK"
    }
    return {
        each.labels["worker"]: answered.get(each.labels["worker"], 0) for each in samples if "worker_up" in each.name
    }


def warnings(hub: HubProcess) -> list[str]:
    return list(hub.client.get("/readyz").json().get("warnings", ()))


def names(settings: Settings) -> list[str | None]:
    return [each.record.operation_name for each in read(settings.audit_log) if each.record.kind == "admin"]


def test_workers_serve_one_port_and_write_one_log(hub: HubProcess) -> None:
    receipts: list[Mapping[str, Any]] = []

    def ask() -> None:
        for _ in range(5):
            answer = ask_anew(hub)
            assert answer.status == 200, answer.raw
            receipts.append(answer.receipt)

    def ask_side_by_side() -> bool:
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return all(counted(hub).values())

    until(ask_side_by_side, "one worker was never given a connection")
    until(lambda: sum(counted(hub).values()) == len(receipts))
    hub.stop()
    assert hub.process is not None and hub.process.returncode == 0
    kept = {each.index: each.leaf_hash for each in read(hub.settings.audit_file)}
    assert {each["index"]: each["leafHash"] for each in receipts}.items() <= kept.items()
    assert len({each["index"] for each in receipts}) == len(receipts)
    assert names(hub.settings)[-2:] == ["hub start", "hub stop"]
    assert verify(hub.settings.audit_file, verifier=verifier_of(hub.settings)).ok
    assert "by 2 workers" in hub.output.read_text("utf-8")


def test_a_worker_that_is_killed_is_started_again_and_the_other_serves_meanwhile(hub: HubProcess) -> None:
    before = workers(hub)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in workers(hub))
    assert ask_anew(hub).status == 200
    until(lambda: len(workers(hub)) == 2 and not warnings(hub), "no worker came in its place")
    assert ask_anew(hub).status == 200
    assert set(before) - set(workers(hub)) == {victim}
    assert "ended (code -9); it is started again" in hub.output.read_text("utf-8")
    hub.stop()
    assert names(hub.settings).count("hub start") == 1
    assert verify(hub.settings.audit_file, verifier=verifier_of(hub.settings)).ok


def test_a_hangup_reaches_every_worker_and_ends_none(hub: HubProcess) -> None:
    before = set(workers(hub))
    assert hub.process is not None
    key = ECKey.generate_key("P-256", {"kid": "next"}, private=True)
    (hub.settings.keys_folder / "issuer.jwk").write_text(json.dumps(key.as_dict(private=True)))
    hub.process.send_signal(signal.SIGHUP)
    until(lambda: hub.output.read_text("utf-8").count("read again: the issuer's keys") == 2)
    hub.issuer = Issuer(hub.settings)
    assert {ask_anew(hub).status for _ in range(10)} == {200}
    assert set(workers(hub)) == before


def test_workers_do_not_outlive_the_hub(hub: HubProcess) -> None:
    running = list(workers(hub).values())
    hub.kill()
    until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in running))


def test_failed_matches_are_counted_over_all_workers(county: County, tmp_path: Path) -> None:
    with county.another_hub(tmp_path, workers=2, failed_matches=3) as hub:
        codes = []
        for number in range(8):
            codes.append(guess(hub, number))
            hub.client.close()  # the next one is another connection's
            hub.client = httpx.Client(base_url=hub.url, trust_env=False, timeout=60)
        assert codes == [[]] * 3 + [["DAILY_CAP"]] * 5


def test_workers_that_cannot_begin_end_the_hub_with_the_reason(county: County, tmp_path: Path) -> None:
    given = {
        "home": tmp_path / "home",
        "port": free_port(),
        "workers": 2,
        "policies": POLICIES,
        "graph_url": county.address.url,
        "graph_password": county.address.password,
    }
    settings = Settings.load(**given)
    settings.prepare_home()
    settings.keys_folder.mkdir(mode=0o700)
    (settings.keys_folder / "seal.key").write_text("no key")
    command = [sys.executable, "-m", "hub", "serve"]
    done = subprocess.run(
        command, env=environment(given, tmp_path / "tmp"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ")], done.stderr
    assert "Traceback" not in done.stderr and "seal.key" in done.stderr


def test_hubs_without_state_share_graph_policies_and_log(county: County, tmp_path: Path, server: Postgres) -> None:
    """A client may be sent to another hub with each request, as a balancer does."""
    shared = {
        "audit_store": server_log(server, "shared", months=1).append,
        "policy_store": server.database("versions", "postgresql+psycopg"),
        "failed_matches": 3,
    }
    with county.another_hub(tmp_path / "a", **shared) as first:
        shutil.copytree(first.settings.keys_folder, tmp_path / "b" / "home" / "keys")
        routed = county.address.url.replace("bolt://", "neo4j://")  # by which a driver chooses among servers
        with county.another_hub(tmp_path / "b", graph_url=routed, **shared) as second:
            page = first.ask(APP, PURPOSE, PEOPLE).data["people"]["edges"]
            after = "query($c: String!) { people(first: 1, after: $c) { edges { node { id } } } }"
            second.issuer = first.issuer
            following = second.ask(APP, PURPOSE, after, {"c": page[0]["cursor"]}).data["people"]["edges"]
            assert following[0]["node"]["id"] == page[1]["node"]["id"]
            node = second.ask(APP, PURPOSE, "query($i: ID!) { node(id: $i) { id } }", {"i": page[0]["node"]["id"]})
            assert node.data["node"]["id"] == page[0]["node"]["id"]
            guesses = [guess(hub, number) for number, hub in enumerate([first, second] * 3)]
            assert guesses == [[]] * 3 + [["DAILY_CAP"]] * 3
            settings = second.settings
    found = verify(settings.audit_log, verifier=verifier_of(settings))
    assert found.ok
    assert names(settings).count("hub start") == names(settings).count("hub stop") == 2
