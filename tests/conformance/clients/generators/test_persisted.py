"""Clients that send ids: their documents are registered as they build them, and asked by an application bound to them.

Each is set up as docs/clients.md says, registered by `sluicegate operations add`, and asked of a hub over the county's
graph. Of three documents two are registered; the third is refused, and the client says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clients.generators.programs import Node
from tests.conformance.clients.node_programs import Operation
from tests.conformance.clients.test_clients import CLIENTS_PAGE, COUNTS, MATCH, PAGE, plain
from tests.support.county import POLICIES, County, HubProcess
from tests.support.project import ROOT

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]

APPLICATION, PURPOSE = "fire-inspection", "safety.fire.rental"
OWNERS = ("housing", "civil-affairs", "police")
ASKED: tuple[tuple[str, dict[str, Any]], ...] = ((PAGE, {"n": 3}), (MATCH, {"no": "140321195703129022"}), (COUNTS, {}))
"""The third is never registered."""


def operations_of(hub: HubProcess) -> list[Operation]:
    """What each client is told to ask; it states no purpose, for its documents have one."""
    headers = {"Authorization": hub.headers(APPLICATION, None)["Authorization"]}
    return [{"document": document, "variables": variables, "headers": headers} for document, variables in ASKED]


def build(client: str, node: Node) -> list[Path]:
    """The files that a client's tools make for registration, without the third document."""
    if client == "apollo":
        manifest = node.manifest()
        told = json.loads(manifest.read_text("utf-8"))
        told["operations"] = [each for each in told["operations"] if each["name"] != "Counts"]
        return [_written(node, "registered-manifest.json", told)]
    if client == "relay":
        texts = json.loads(node.persisted().read_text("utf-8"))
        return [_written(node, "registered.json", {name: text for name, text in texts.items() if "Counts" not in text})]
    sent = node.program("urql_documents.mjs").run("", [{"document": document} for document, _ in ASKED[:2]])
    files = [node.folder / f"sent{number}.graphql" for number in range(len(sent))]
    for file, text in zip(files, sent, strict=True):
        file.write_text(text, "utf-8")
    return files


def _written(node: Node, name: str, told: Any) -> Path:
    file = node.folder / name
    file.write_text(json.dumps(told), "utf-8")
    return file


def register(files: Sequence[Path], folder: Path) -> Path:
    """A policy folder with these documents and the two that are compared, whose application is bound to them."""
    policies = folder / "policies"
    shutil.copytree(POLICIES, policies)
    own = [folder / f"own{number}.graphql" for number in range(2)]
    for file, (document, _) in zip(own, ASKED[:2], strict=True):
        file.write_text(document, "utf-8")
    registry = policies / "applications.yaml"
    named = f"  - id: {APPLICATION}\n"
    text = registry.read_text("utf-8")
    assert named in text
    registry.write_text(text.replace(named, f"{named}    documents: registered\n"), "utf-8")
    reviewed = [part for owner in OWNERS for part in ("--reviewed", f"{owner}=2026-06-30")]
    command = [sys.executable, "-m", "hub", "operations", "add", *map(str, [*files, *own]), "--folder", str(policies)]
    done = subprocess.run(
        [*command, "--app", APPLICATION, "--purpose", PURPOSE, *reviewed],
        cwd=ROOT,
        env={**os.environ, "SLUICEGATE_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return policies


@contextmanager
def bound_hub(county: County, files: Sequence[Path], folder: Path) -> Iterator[HubProcess]:
    with county.another_hub(folder / "hub", policies=register(files, folder)) as hub:
        yield hub


@pytest.mark.parametrize("client", ["apollo", "urql", "relay"])
def test_a_client_asks_what_it_registered_and_nothing_else(
    county: County, node: Node, tmp_path: Path, client: str
) -> None:
    files = build(client, node)
    with bound_hub(county, files, tmp_path) as hub:
        *answered, refused = node.program(f"persisted_{client}.mjs").run(f"{hub.url}/graphql", operations_of(hub))
        by_text = hub.ask(APPLICATION, PURPOSE, "{ __typename }")
        # Of the same hub, for ids and the order of rows are those of its keys.
        wanted = [hub.ask(APPLICATION, PURPOSE, document, variables).data for document, variables in ASKED[:2]]
    assert [each.get("error") or each.get("thrown") for each in answered] == [None, None]
    for found, data in zip(answered, wanted, strict=True):
        assert plain(found["data"]) == plain(data)
        assert next(iter(found["data"].values()))["edges"]
    assert "documentId" in (refused.get("error") or refused.get("thrown"))
    assert by_text.codes == ["OPERATION_NOT_REGISTERED"]


def test_the_page_names_what_is_set() -> None:
    said = CLIENTS_PAGE.partition("## Persisted documents")[2].partition("\n## ")[0]
    for each in (
        "`createPersistedQueryLink({ generateHash })`",
        "`generatePersistedQueryIdsFromManifest`",
        "`persistedExchange({ enforcePersistedQueries: true, preferGetForPersistedQueries: false })`",
        "`stringifyDocument(formatDocument(gql(text)))`",
        '`persistConfig: { file: "persisted.json", algorithm: "SHA256" }`',
        '`documentId: "sha256:" + params.id`',
    ):
        assert each in said
