"""Runs a hub from its start to its stop.

It has its port and its home for itself before it touches anything, and serves only under a policy that loaded
completely. Its start does not wait for the graph: while the graph is down, `/readyz` says so. It loads the version in
force, starts the local graph or uses the server that the settings name, and serves until stopped. In the background it
creates constraints and indexes, and judges texts again that an older detector judged.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import replace

from audit import checkpoint
from audit.log import AuditUnavailable
from audit.record import Record
from hub.app import open_hub
from hub.console.front import Console
from hub.graph.driver import Graph, GraphWriteError, GraphWriter
from hub.graph.loaded_catalogue import CatalogueMisfit, prepare_graph, require_fit
from hub.graph.local import GraphAddress, LocalGraph
from hub.graph.recent_writes import RecentWrites, is_routed, nothing_written
from hub.home.audit_log import append_record, command_record, digester_of
from hub.home.catalogue import catalogue_of
from hub.home.key_files import KeyRefused
from hub.home.running_hub import listen, only_hub
from hub.home.settings import Settings
from hub.ingest.annotate import detector_version
from hub.ingest.redetect import redetect_gently
from hub.log_lines import set_up_logging
from hub.processor import SWITCH_SECONDS
from hub.push.deliveries import Deliveries
from hub.push.push_sources import PushSources, load_push_sources
from hub.request.running import Hub
from hub.server import make_server
from hub.steward.changes import folder_without_store, steward_session, store_of
from hub.workers import Place, keep_working
from policies.language import load_files, read_folder, version_of
from policies.model import PolicySet
from policies.store import PolicyStore
from schema.catalogue import Catalogue
from schema.strict_yaml import YamlFileError

RETRY_SECONDS = 5.0
STOP_SECONDS = 3.0
_NOT_RECORDED = (AuditUnavailable, KeyRefused, checkpoint.KeyRefused)
_log = logging.getLogger("sluicegate.serve")


def serve_until_stopped(settings: Settings, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; a local graph that this call started is stopped too.

    `tell` is called with lines for the person at the keyboard. Raises whatever loading and starting raise.
    """
    # Called first, so that what is missing or broken is reported before a home is made or a graph started in vain.
    folder_without_store(settings)
    for secret in ("sign_in_secret_file", "resident_secret_file"):
        settings.secret_in(secret)
    detector_version(settings)
    catalogue = catalogue_of(settings)
    pushed = load_push_sources(settings, catalogue)
    with closing(listen(settings)) as listener, only_hub(settings):
        _serve(settings, catalogue, pushed, listener, tell)


def _serve(
    settings: Settings,
    catalogue: Catalogue,
    pushed: PushSources | None,
    listener: socket.socket,
    tell: Callable[[str], None],
) -> None:
    _set_up_process()
    store = _store(settings, catalogue)
    policy = load_files(store.in_force().files, catalogue)
    store.close()
    if pushed:
        pushed.check_applications(policy.applications)
    _compare_folder(settings, policy, tell)
    local = None if settings.graph_url else LocalGraph(settings)
    was_running = local.status().running if local else True
    try:
        address = local.start(owned=not was_running) if local else _configured_server(settings)
        _require_fit(settings, address, catalogue)
        place, where = Place(settings, address, listener), f"http://{settings.host}:{settings.port}/graphql"
        with record_start_and_stop(settings, policy.version, catalogue.version):
            if settings.workers == 1:
                serve_here(place, lambda: tell(f"serving {where} under policy {policy.version}"), catalogue)
            else:
                told = f"serving {where} by {settings.workers} workers under policy {policy.version}"
                keep_working(place, serve_here, lambda: tell(told))
    finally:
        if local is not None and not was_running:
            local.stop()


def _leave_alone_what_stays() -> None:
    """Spare Python's collector what was loaded for good: 150,000 objects, for which all requests waited 170 to 320 ms
    each time that documents which are hard to read had filled the memory.
    """
    gc.collect()
    gc.freeze()


def serve_here(place: Place, serving: Callable[[], None], known: Catalogue | None = None) -> None:
    """Serve in this process, the only one or one of several, until SIGINT or SIGTERM; `serving` is called first.

    `known` is the catalogue, where this process has read it already. Raises YamlFileError, KeyRefused, KeysRefused,
    AuditUnavailable, PolicyStoreError or ManifestError as `open_hub`, the store and the sources do.
    """
    _set_up_process()
    settings, address, catalogue = place.settings, place.address, known or catalogue_of(place.settings)
    store = store_of(settings, catalogue)
    policy = load_files(store.in_force().files, catalogue)
    recent = RecentWrites(settings.recent_writes) if is_routed(address) else nothing_written
    pushed = load_push_sources(settings, catalogue)
    graph = Graph(address.url, address.user, address.password, database=settings.graph_database, bookmarks=recent)
    try:
        hub = open_hub(settings, graph, policy, catalogue, store=store, buckets=place.buckets)
    except BaseException:
        asyncio.run(graph.close())
        raise
    deliveries = Deliveries(settings, address, pushed, catalogue) if pushed else None
    signal.signal(signal.SIGHUP, lambda *_: hub.read_again())
    with _graph_work(hub, address) if place.is_first else nullcontext():
        _leave_alone_what_stays()
        console = Console(hub, store.engine, place.siblings)
        make_server(hub, place.siblings, serving, deliveries, console.routes()).run([place.listener])


def _set_up_process() -> None:
    set_up_logging()
    # Once it has shut down, the server raises the signal that it caught again; this lets every `finally` run then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # A terminal that is closed does not end the hub; once it serves, this signal has it read keys and policy again.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_SECONDS)


@contextmanager
def record_start_and_stop(settings: Settings, policy_version: str, catalogue_version: str) -> Iterator[None]:
    """The hub serves inside this context: its start is recorded as soon as the log accepts it, then its stop.

    A hub that was killed, or whose log is unavailable at the end, leaves a start without a stop. Raises KeyRefused if
    the home's keys cannot be used.
    """
    ended, digester = threading.Event(), digester_of(settings)

    def record(name: str) -> Record:
        return replace(
            command_record(digester, "admin", name), policy_version=policy_version, catalogue_version=catalogue_version
        )

    begun = (settings, record("hub start"), ended)
    thread = threading.Thread(target=_record_start, args=begun, name="record of the start", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(STOP_SECONDS)
        try:
            append_record(settings, record("hub stop"))
        except _NOT_RECORDED:
            _log.warning("the stop of this hub could not be recorded in the audit log")


def _record_start(settings: Settings, started: Record, ended: threading.Event) -> None:
    tried = False
    while not ended.is_set():
        try:
            append_record(settings, started)
            return
        except _NOT_RECORDED:
            if not tried:
                _log.warning("the start of this hub is not recorded in the audit log yet; trying again")
            tried = True
            ended.wait(RETRY_SECONDS)


def _store(settings: Settings, catalogue: Catalogue) -> PolicyStore:
    """The policy version store; an empty one is filled from the policy folder, which is recorded like any change."""
    with steward_session(settings, catalogue):
        pass
    return store_of(settings, catalogue)


def _compare_folder(settings: Settings, policy: PolicySet, tell: Callable[[str], None]) -> None:
    """Say so if the named policy folder differs from the version in force: who edits it may expect otherwise."""
    if "policies" not in settings.model_fields_set:
        return
    try:
        same = version_of(read_folder(settings.policies)) == policy.version
    except (YamlFileError, OSError):
        return
    if not same:
        tell(
            f"the policy folder {settings.policies} differs from the version in force; "
            "to put it in force, begin with: sluicegate policy draft"
        )


def _configured_server(settings: Settings) -> GraphAddress:
    return GraphAddress(settings.graph_url or "", settings.graph_user, settings.read_graph_password() or "")


def _require_fit(settings: Settings, address: GraphAddress, catalogue: Catalogue) -> None:
    """Raise CatalogueMisfit for a graph that was loaded for another catalogue; of one that is away, `/readyz` tells."""
    with (
        GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer,
        suppress(GraphWriteError),
    ):
        writer.check_reachable()
        require_fit(writer, catalogue)


@contextmanager
def _graph_work(hub: Hub, address: GraphAddress) -> Iterator[None]:
    """Inside this context a thread creates constraints and indexes, then judges texts of an older detector again."""
    ended = threading.Event()

    def work() -> None:
        _create_constraints(address, hub, ended)
        redetect_gently(hub.settings, address, hub.catalogue, ended)

    thread = hub.upkeep.in_thread("graph work", work, ended)
    try:
        yield
    finally:
        ended.set()
        # A batch ends at once; a driver that looks for a lost graph may not, and nothing is lost if it is left.
        thread.join(STOP_SECONDS)


def _create_constraints(address: GraphAddress, hub: Hub, ended: threading.Event) -> None:
    """Create constraints and indexes, and warm the graph up, as soon as it answers and fits, until `ended` is set."""
    from hub.graph.warm_up import warm_up

    while not ended.is_set():
        try:
            with GraphWriter(
                address.url, address.user, address.password, database=hub.settings.graph_database
            ) as writer:
                # First, because indexes that a new release adds are waited for.
                warm_up(writer, hub.catalogue)
                prepare_graph(writer, hub.catalogue)
            return
        except CatalogueMisfit:
            pass  # `/readyz` and a log line tell it already
        except GraphWriteError as failed:
            _log.warning("constraints and indexes are not created yet (%s); trying again", failed.code)
        # Jitter: hubs that restart at the same moment should not try again at the same moment.
        ended.wait(RETRY_SECONDS * (0.5 + random.random()))  # noqa: S311
