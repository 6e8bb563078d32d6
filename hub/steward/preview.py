"""Answers a query under a draft for `policy preview`, over invented people.

The whole pipeline answers, over a small sample county in a separate graph (`preview/` in the home, started for one
command and kept on the disk for the next). The real graph is never opened. A record of kind `preview` is in the real
home's audit log before the answer is shown.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from audit.log import AuditLog, Receipt
from audit.record import Digester, Record
from hub.app import open_hub
from hub.errors import HubError
from hub.graph.driver import Graph
from hub.graph.local import STARTING, GraphAddress, LocalGraph
from hub.graph.merged_grids import read_successors
from hub.home.audit_log import open_log_as
from hub.home.catalogue import catalogue_of
from hub.home.issuer import Issuer
from hub.home.locks import is_locked
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.ingest.redetect import DetectorBroken, redetect
from hub.request.answers.preferences import GRAPHQL_JSON, JSON
from hub.request.caps.daily_caps import DailyCaps
from hub.request.endpoint import Arrival, read_body
from hub.request.pipeline import answer, identify_sender, prepare_request
from hub.request.plan_model import Planned
from hub.request.record import Trail
from hub.request.running import Hub
from hub.sample.generate import generate
from hub.sample.hotline import serve_hotline
from hub.steward.actor import Actor
from hub.steward.changes import signed_record
from hub.steward.explain import Explanation, explain
from policies.model import PolicySet
from schema.yaml_folder import yaml_paths

PEOPLE, SEED = 300, 1
HOTLINE_KEY = "HOTLINE_KEY"
KIND = "preview"
LOCK = "preview.lock"
DEADLINE_SECONDS = 60.0
"""Long, because a graph that has just started is slow at its first statement."""
SHARED_SETTINGS = (
    "time_zone",
    "graph_page_cache",
    "graph_transaction_memory",
    "jars",
    "body_limit",
    "audit_deadline",
    "audit_store",
    "audit_store_file",
    "audit_origin",
)
"""Settings that a preview takes from the real hub; addresses, passwords and stores are not among them."""

Progress = Callable[[str], None]


class PreviewRefused(ValueError):
    """A preview is not possible; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query, and who asks it: an application, a person if it lists its staff, a purpose, perhaps a case."""

    application: str
    person: str | None
    purpose: str
    query: str
    variables: Mapping[str, Any]
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The answer as the application would get it, and its explanation (None if it was refused)."""

    status: int
    answer: Mapping[str, Any]
    explanation: Explanation | None


class PreviewSettings(Settings):
    """Settings of the preview's hub: its own home inside the real one, and the audit log of the real one."""

    owner: Path

    @property
    def audit_file(self) -> Path:
        """The real home's log, because a preview is recorded there."""
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


def _preview_log(digester: Digester, actor: Actor) -> type[AuditLog]:
    """A kind of log whose records are of kind `preview`, by the person who previews."""

    class PreviewLog(AuditLog):
        async def append(self, record: Record, operation_text: str | None = None) -> Receipt:
            signed = signed_record(replace(record, kind=KIND), digester, actor)
            return await super().append(signed, operation_text)

    return PreviewLog


class _UncountedCaps(DailyCaps):
    """Caps that count no preview against a day; the number of nodes of an answer is still checked."""

    async def spend(self, planned: Planned, now: dt.datetime) -> None:
        return

    async def note_failed(self, planned: Planned, failed: int, now: dt.datetime) -> None:
        return

    async def note_answers(self, planned: Planned, given: int, now: dt.datetime) -> None:
        return


def preview_settings(settings: Settings) -> PreviewSettings:
    """Settings for a preview in the home of `settings`, without any address, password or store of the real hub."""
    home = settings.prepare_home()
    kept = {name: getattr(settings, name) for name in SHARED_SETTINGS}
    kept |= {"words": settings.word_list, "slices": settings.slice_folder}
    # Not from the environment, which may hold the address of the real graph.
    return PreviewSettings.model_construct(
        home=home / "preview",
        owner=home,
        graph_heap="512m",
        graph_quick_start=True,
        graph_deadline=DEADLINE_SECONDS,
        **kept,
    )


def preview(
    settings: Settings, draft: PolicySet, question: Question, actor: Actor, sources: Path, tell: Progress
) -> Preview:
    """The answer to `question` under `draft`, over invented rows; `actor` is who previews. Raises as `previews`."""
    return previews(settings, [draft], question, actor, sources, tell)[0]


def previews(
    settings: Settings, policies: Sequence[PolicySet], question: Question, actor: Actor, sources: Path, tell: Progress
) -> list[Preview]:
    """The answers to `question` under several policies, over the same invented rows.

    `sources` holds the source files of the sample county. Raises PreviewRefused, and what starting a graph, pulling and
    the audit log raise; a refusal by a policy is an answer like any other.
    """
    for each in policies:
        if each.applications.get(question.application) is None:
            known = ", ".join(each.applications)
            raise PreviewRefused(f"the draft registers no application {question.application!r}; registered: {known}")
    with _sample_graph(settings, sources, tell) as (own, address):
        return [asyncio.run(_answer(own, each, question, actor, address)) for each in policies]


def make_sample(settings: Settings, sources: Path) -> None:
    """Make the sample of a home if it is not there yet: what takes long of a first preview. Raises as `previews`."""
    with _sample_graph(settings, sources, lambda line: None):
        pass


def has_sample(settings: Settings, sources: Path) -> bool:
    """Whether the sample of these sources is there, so that a preview has only to start its graph."""
    return _is_made(preview_settings(settings), sources)


def is_previewing(settings: Settings) -> bool:
    """Whether somebody makes the sample or previews at this moment, in whatever process."""
    return is_locked(settings.home / LOCK)


@contextmanager
def _sample_graph(settings: Settings, sources: Path, tell: Progress) -> Iterator[tuple[PreviewSettings, GraphAddress]]:
    """The graph of the invented people, filled and running until the block ends; one at a time for a home."""
    own = preview_settings(settings)
    if not sources.is_dir():
        raise PreviewRefused(
            f"{sources} is not a folder of source files; name examples/county/sources of a checkout with --sources"
        )
    with (own.owner / LOCK).open("w") as lock:
        # Whoever comes second would fill a graph that is being filled, or lose the one that they ask.
        fcntl.flock(lock, fcntl.LOCK_EX)
        graph = LocalGraph(own)
        filled = _has_sample(own, sources, tell)
        if not graph.status().running:
            tell(STARTING)
        try:
            address = graph.start(owned=True)
            if filled:
                _recheck_texts(own, address)
            else:
                _fill_graph(own, sources, address)
            yield own, address
        finally:
            graph.stop()


# The sample.


def _sample_digest(own: PreviewSettings, sources: Path) -> str:
    """A digest of what the sample is made of: a changed catalogue or source needs a new sample."""
    digest = hashlib.sha256(f"{PEOPLE} {SEED}\n{catalogue_of(own).version}".encode())
    for path in yaml_paths(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_made(own: PreviewSettings, sources: Path) -> bool:
    digest = own.home / "sample"
    return digest.exists() and digest.read_text("utf-8") == _sample_digest(own, sources)


def _has_sample(own: PreviewSettings, sources: Path, tell: Progress) -> bool:
    """Whether the graph holds the sample of these sources; if not, remove what it holds and write the sample files."""
    home = own.home.absolute()
    if _is_made(own, sources):
        return True
    if home.exists():
        LocalGraph(own).stop()
        shutil.rmtree(home)
    own.prepare_home()
    tell(f"making {PEOPLE} invented people; this is done once")
    generate(home / "county", PEOPLE, SEED)
    return False


def _fill_graph(own: PreviewSettings, sources: Path, address: GraphAddress) -> None:
    folder, key = own.home / "county", secrets.token_urlsafe(16)
    # The source files read the hotline's key from this variable; this hotline is the preview's own.
    kept = os.environ.get(HOTLINE_KEY)
    os.environ[HOTLINE_KEY] = key
    try:
        with serve_hotline(folder / "hotline", key) as url:
            run_pull(own, sources, (), folder, {"HOTLINE_URL": url}, _no_progress, address=address)
    finally:
        del os.environ[HOTLINE_KEY]
        if kept is not None:
            os.environ[HOTLINE_KEY] = kept
    (own.home / "sample").write_text(_sample_digest(own, sources), "utf-8")


def _recheck_texts(own: PreviewSettings, address: GraphAddress) -> None:
    """Check texts again that were pulled with another detector or word list; on failure they are redacted whole."""
    with suppress(DetectorBroken):
        redetect(own, address, catalogue_of(own), lambda done, total: None)


def _no_progress(stream: str, rows: int) -> None:
    """Shows nothing: so few people are pulled at once."""


# The answer.


async def _answer(
    own: PreviewSettings, draft: PolicySet, question: Question, actor: Actor, address: GraphAddress
) -> Preview:
    graph = Graph(address.url, address.user, address.password, database=own.graph_database)
    hub = open_hub(own, graph, _taking_tokens(draft), catalogue_of(own))
    try:
        hub.log.close()
        hub.caps = _UncountedCaps()
        hub.log = open_log_as(_preview_log(hub.digester, actor), own)
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


def _taking_tokens(draft: PolicySet) -> PolicySet:
    """The draft without the keys that tokens must be bound to: a preview asks with one that it makes itself."""
    known = {name: replace(each, dpop="accepted") for name, each in draft.applications.items()}
    return replace(draft, applications=known)


def _arrival(question: Question, more: tuple[tuple[str, str], ...]) -> Arrival:
    headers = (("content-type", JSON), ("accept", GRAPHQL_JSON), ("access-purpose", question.purpose), *more)
    if question.case is not None:
        headers = (*headers, ("case-reference", question.case))
    body = orjson.dumps({"query": question.query, "variables": dict(question.variables)})
    now = dt.datetime.now(dt.UTC)
    return Arrival(secrets.token_hex(16), now, time.monotonic_ns(), "POST", "/graphql", headers, body)


def _explanation(hub: Hub, arrival: Arrival) -> Explanation | None:
    """The explanation of the answer, prepared in the same way; None if a stage refuses."""
    try:
        trail, now = Trail(arrival, hub.policy), hub.now()
        trail.request = read_body(arrival, identify_sender(hub, trail, now), hub.settings)
        prepared = prepare_request(hub, trail, now)
    except HubError:
        return None
    return explain(prepared.planned, prepared.statement)
