"""A hub that runs out of file descriptors answers no less truly, and goes on when there are some again (L44).

Out of memory it is killed, which is L01 to L06: `test_hub_kill.py`.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack
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


def test_l44_no_file_descriptors_are_left(tmp_path: Path) -> None:
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
            for _ in range(2 * FILES):
                stack.enter_context(socket.create_connection(("127.0.0.1", settings.port)))
            until(lambda: len(list(Path(f"/proc/{hub.pid}/fd").iterdir())) >= FILES - 1)
            for _ in range(20):
                answered(early)
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as later:
            until(lambda: answered(later))
            assert answered(later)
        hub.kill()
    assert verify(settings.audit_file).ok
    standing = {logged.index: logged.leaf_hash for logged in read(settings.audit_file)}
    assert promised.items() <= standing.items()
