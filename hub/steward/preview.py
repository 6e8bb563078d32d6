"""A draft is shown at work on invented people only, and who looked is on record.

The answer that the whole pipeline gives under a draft, over a small sample county in a graph of its own (`preview/` in
the home, started for one command and kept on the disk for the next). It never opens the real graph. The record, of kind
`preview`, goes to the real home's audit log before the answer is shown.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from audit.log import AuditLog, Receipt
from audit.record import Record
from hub.app import open_hub
from hub.errors import HubError
from hub.graph.driver import Graph
from hub.graph.local import GraphAddress, LocalGraph
from hub.graph.merged_grids import read_successors
from hub.home.audit_log import open_log_as, operator_digest
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.ingest.redetect import DetectorBroken, redetect
from hub.request.daily_caps import Caps
from hub.request.endpoint import JSON, Arrival
from hub.request.pipeline import Hub, answer, prepare_request
from hub.request.plan_model import Planned
from hub.request.record import Trail
from hub.sample.generate import generate
from hub.sample.hotline import serve_hotline
from hub.steward.explain import Explanation, explain
from policies.model import PolicySet
from schema import CATALOGUE

PEOPLE, SEED = 300, 1
HOTLINE_KEY = "HOTLINE_KEY"
KIND = "preview"
DEADLINE_SECONDS = 60.0
"""For an answer from a graph that has only just been started: it plans and compiles its first statement cold."""
KEPT = (
    "graph_page_cache",
    "graph_transaction_memory",
    "jars",
    "body_limit",
    "audit_deadline",
    "audit_store",
    "audit_store_file",
    "audit_origin",
)
"""Settings of the real hub that hold for a preview too; its addresses, passwords and stores do not."""

Progress = Callable[[str], None]


class PreviewRefused(ValueError):
    """A preview cannot be given; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, for whom: an application, a person of its staff if it lists them, a purpose, perhaps a case."""

    application: str
    person: str | None
    purpose: str
    query: str
    variables: Mapping[str, Any]
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The answer as an application would get it, and the decision behind it (None where it was refused)."""

    status: int
    answer: Mapping[str, Any]
    explanation: Explanation | None


class PreviewSettings(Settings):
    """Settings of the hub of a preview: a home of its own inside the real one, and the real one's audit log."""

    owner: Path

    @property
    def audit_file(self) -> Path:
        """The real home's log: a preview is a look that counts."""
        return self.owner / "audit.db"

    @property
    def audit_head(self) -> Path:
        """The real home's recorded head."""
        return self.owner / "audit.head"

    @property
    def audit_key(self) -> Path:
        """The key of the real home's log."""
        return self.owner / "keys" / "audit.key"

    @property
    def digest_key(self) -> Path:
        """The key of the digests in that log."""
        return self.owner / "keys" / "digest.key"


def _marked(looked: str) -> type[AuditLog]:
    """The log, but what goes into it is marked as a preview by whoever runs the command (a digest)."""

    class Marked(AuditLog):
        async def append(self, record: Record, operation_text: str | None = None) -> Receipt:
            return await super().append(replace(record, kind=KIND, subject=looked), operation_text)

    return Marked


class _Uncounted(Caps):
    """A preview spends nothing of a daily cap; how many nodes an answer may have is checked as ever."""

    async def spend(self, planned: Planned, now: dt.datetime) -> None:
        return


def preview_settings(settings: Settings) -> PreviewSettings:
    """Settings for a preview in `settings`' home; no address, password or store of the real hub is among them."""
    home = settings.prepare_home()
    kept = {name: getattr(settings, name) for name in KEPT} | {"words": settings.word_list}
    # Not from the environment, where the address of the real graph may stand.
    return PreviewSettings.model_construct(
        home=home / "preview", owner=home, graph_heap="512m", graph_deadline=DEADLINE_SECONDS, **kept
    )


def preview(settings: Settings, draft: PolicySet, question: Question, sources: Path, tell: Progress) -> Preview:
    """What `question` is answered under `draft`, over invented rows.

    `sources` holds the source files of the sample county. Raises PreviewRefused, and what starting a graph, pulling and
    the audit log raise; a refusal by the draft is an answer like any other.
    """
    own = preview_settings(settings)
    if not sources.is_dir():
        raise PreviewRefused(f"{sources} is no folder of source files; name that of the sample county with --sources")
    if draft.applications.get(question.application) is None:
        known = ", ".join(draft.applications)
        raise PreviewRefused(f"the draft registers no application {question.application!r}; registered: {known}")
    graph = LocalGraph(own)
    prepared = _prepare(own, sources, tell)
    try:
        address = graph.start(owned=True)
        if prepared:
            _judge_again(own, address)
        else:
            _fill(own, sources, address)
        return asyncio.run(_ask(own, draft, question, address))
    finally:
        graph.stop()


# The sample.


def _mark(sources: Path) -> str:
    """What the sample on the disk was made of: another catalogue or other sources need another one."""
    coordinates = "\n".join(name for name, _ in CATALOGUE.coordinates())
    digest = hashlib.sha256(f"{PEOPLE} {SEED}\n{coordinates}".encode())
    for path in sorted(sources.glob("*.yaml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _prepare(own: PreviewSettings, sources: Path, tell: Progress) -> bool:
    """Whether the sample of these sources is in the graph already; what is there of another is removed."""
    home = own.home.absolute()
    mark = home / "sample"
    if mark.exists() and mark.read_text("utf-8") == _mark(sources):
        return True
    if home.exists():
        LocalGraph(own).stop()
        shutil.rmtree(home)
    own.prepare_home()
    tell(f"making {PEOPLE} invented people, once")
    generate(home / "county", PEOPLE, SEED)
    return False


def _fill(own: PreviewSettings, sources: Path, address: GraphAddress) -> None:
    folder, key = own.home / "county", secrets.token_urlsafe(16)
    # The sources name the variable that holds the key of the hotline; this hotline is the preview's own.
    kept = os.environ.get(HOTLINE_KEY)
    os.environ[HOTLINE_KEY] = key
    try:
        with serve_hotline(folder / "hotline", key) as url:
            run_pull(own, sources, (), folder, {"HOTLINE_URL": url}, _silent, address=address)
    finally:
        del os.environ[HOTLINE_KEY]
        if kept is not None:
            os.environ[HOTLINE_KEY] = kept
    (own.home / "sample").write_text(_mark(sources), "utf-8")


def _judge_again(own: PreviewSettings, address: GraphAddress) -> None:
    """Texts pulled under another detector or word list. Where that fails they are redacted whole, as in a hub."""
    with suppress(DetectorBroken):
        redetect(own, address, CATALOGUE, lambda done, total: None)


def _silent(stream: str, rows: int) -> None:
    """Three hundred people are pulled before a bar could be drawn."""


# The answer.


async def _ask(own: PreviewSettings, draft: PolicySet, question: Question, address: GraphAddress) -> Preview:
    graph = Graph(address.url, address.user, address.password, database=own.graph_database)
    hub = open_hub(own, graph, draft, CATALOGUE)
    hub.log.close()
    hub.caps = _Uncounted()
    hub.log = open_log_as(_marked(operator_digest(hub.digester)), own)
    try:
        hub.merged_grids.successors = await read_successors(graph, DEADLINE_SECONDS)
        person = question.person or next(iter(draft.applications[question.application].staff), "preview")
        token = Issuer(own).issue(question.application, person)
        arrival = _arrival(question, (("authorization", f"Bearer {token}"),))
        response = await answer(hub, arrival)
        body = json.loads(bytes(response.body))
        return Preview(response.status_code, body, _explanation(hub, arrival))
    finally:
        await graph.close()
        hub.log.close()
        hub.telemetry.close()


def _arrival(question: Question, more: tuple[tuple[str, str], ...]) -> Arrival:
    headers = (("content-type", JSON), ("access-purpose", question.purpose), *more)
    if question.case is not None:
        headers = (*headers, ("case-reference", question.case))
    body = orjson.dumps({"query": question.query, "variables": dict(question.variables)})
    now = dt.datetime.now(dt.UTC)
    return Arrival(secrets.token_hex(16), now, time.monotonic_ns(), "POST", "/graphql", headers, body)


def _explanation(hub: Hub, arrival: Arrival) -> Explanation | None:
    """The decision behind the answer, prepared as the answer was; None where a stage refuses."""
    try:
        prepared = prepare_request(hub, Trail(arrival, hub.policy), hub.now())
    except HubError:
        return None
    return explain(prepared.planned, prepared.statement)
