"""A hub keeps file descriptors for itself, however many connections strangers open (L44).

Out of memory it is killed, which is L01 to L06: `test_hub_kill.py`.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from audit.log import read
from audit.verify import verify
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from tests.support.forked_hubs import forks
from tests.support.ports import free_port
from tests.support.serving import NOWHERE
from tests.support.waiting import until

pytestmark = pytest.mark.fault

FILES = 64


def test_l44_case_6_05_unfinished_heads_do_not_take_all_file_descriptors(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home", port=free_port())
    settings.prepare_home()
    url = f"http://127.0.0.1:{settings.port}"
    promised: dict[int, str] = {}
    with forks(NOWHERE) as forked:
        hub = forked.start(settings, files=FILES, ready="/healthz")
        token = Issuer(settings).issue("fire-inspection", "inspector-1")
        headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "safety.fire.rental"}

        def answered(client: httpx.Client) -> bool:
            try:
                told = client.post("/graphql", json={"query": "{ __typename }"}, headers=headers).json()
            except httpx.HTTPError:
                return False
            if "receipt" not in told["extensions"]:
                assert "data" not in told
                return False
            promised[told["extensions"]["receipt"]["index"]] = told["extensions"]["receipt"]["leafHash"]
            return "data" in told

        with ExitStack() as stack:
            early = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=30))
            assert answered(early)
            for _ in range(5 * FILES):
                held = stack.enter_context(socket.create_connection(("127.0.0.1", settings.port)))
                with suppress(OSError):
                    held.sendall(b"POST /graphql HTTP/1.1\r\nHost: hub\r\nX: ")
            assert len(list(Path(f"/proc/{hub.pid}/fd").iterdir())) < FILES
            for _ in range(20):
                assert answered(early)
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as later:
            until(lambda: answered(later))
            assert answered(later)
        hub.kill()
    assert verify(settings.audit_file).ok
    standing = {logged.index: logged.leaf_hash for logged in read(settings.audit_file)}
    assert promised.items() <= standing.items()
