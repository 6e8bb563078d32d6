"""A hub serves only under a policy that loaded whole, and never waits for the graph to say that it lives.

Loads the version in force, starts the local graph or takes the server that the settings name, makes constraints
and indexes, then serves until it is told to stop; beside that, texts that an older detector judged are judged again.
A graph that is down delays nothing: `/readyz` says so.
"""

from __future__ import annotations

import logging
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from audit.checkpoint import KeyRefused
from audit.log import AuditUnavailable
from audit.record import Record
from hub.app import announced, open_hub, server
from hub.graph.driver import Graph, GraphWriteError, GraphWriter
from hub.graph.local import GraphAddress, LocalGraph
from hub.home.audit_log import append_record, command_record
from hub.home.settings import Settings
from hub.ingest.annotate import detector_version
from hub.ingest.redetect import redetect_gently
from hub.request.pipeline import Hub
from hub.steward.changes import stewardship, store_of
from hub.telemetry import set_up_logging
from policies.language import load_files, read_folder, version_of
from policies.model import PolicySet
from policies.store import PolicyStore
from policies.strict_yaml import PolicyFileError
from schema import CATALOGUE

RETRY_SECONDS = 5.0
STOP_SECONDS = 3.0
_log = logging.getLogger("sluicegate.serve")


def serve_until_stopped(settings: Settings, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; a local graph that this started is stopped too.

    `tell` is given lines for the person at the keyboard. Raises what loading and starting raise.
    """
    # Asked for here already: a broken word list is told before a graph is started for nothing.
    detector_version(settings)
    set_up_logging()
    # The server raises a signal that it caught again once it has shut down; this lets every `finally` run then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    store = _store(settings)
    policy = load_files(store.in_force().files, CATALOGUE)
    _compare(settings, policy, tell)
    local = None if settings.graph_url else LocalGraph(settings)
    ran = local.status().running if local else True
    try:
        address = local.start(owned=not ran) if local else _own_server(settings)
        graph = Graph(address.url, address.user, address.password, database=settings.graph_database)
        hub = open_hub(settings, graph, policy, CATALOGUE, store=store)
        with announced(settings), _beside(address, settings), on_record(hub):
            tell(f"serving http://{settings.host}:{settings.port}/graphql under policy {policy.version}")
            server(hub).run()
    finally:
        if local is not None and not ran:
            local.stop()


@contextmanager
def on_record(hub: Hub) -> Iterator[None]:
    """While it lasts the hub serves: its start is recorded as soon as the log takes it, its stop if the log still does.

    The server closes the hub's log when it ends, so the stop is written by opening the log once more. A hub that was
    killed, or whose log is away, leaves a start without a stop.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_record_start, args=(hub, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(STOP_SECONDS)
        try:
            append_record(hub.settings, _administered(hub, "hub stop"))
        except (AuditUnavailable, KeyRefused):
            _log.warning("the stop of this hub could not be recorded")


def _record_start(hub: Hub, ended: threading.Event) -> None:
    record = _administered(hub, "hub start")
    while not ended.is_set():
        try:
            hub.log.append_sync(record)
            return
        except AuditUnavailable:
            ended.wait(RETRY_SECONDS)


def _administered(hub: Hub, name: str) -> Record:
    return replace(command_record(hub.digester, "admin", name), policy_version=hub.policy.version)


def _store(settings: Settings) -> PolicyStore:
    """The version store, made from the policy folder if it is empty; that is recorded like any change."""
    with stewardship(settings, CATALOGUE):
        pass
    return store_of(settings, CATALOGUE)


def _compare(settings: Settings, policy: PolicySet, tell: Callable[[str], None]) -> None:
    """Say so where the folder is not what is in force: who edits it may expect otherwise."""
    try:
        same = version_of(read_folder(settings.policies)) == policy.version
    except (PolicyFileError, OSError):
        return
    if not same:
        tell(f"{settings.policies} differs from the version in force; to change it: sluicegate policy draft")


def _own_server(settings: Settings) -> GraphAddress:
    return GraphAddress(settings.graph_url or "", settings.graph_user, settings.read_graph_password() or "")


@contextmanager
def _beside(address: GraphAddress, settings: Settings) -> Iterator[None]:
    """While it lasts: constraints and indexes as soon as the graph answers, then what texts wait to be judged again."""
    ended = threading.Event()

    def work() -> None:
        _keep_trying(address, settings, ended)
        redetect_gently(settings, address, CATALOGUE, ended)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        # A batch ends at once, a driver that looks for a lost graph does not: nothing is lost with it.
        thread.join(STOP_SECONDS)


def _keep_trying(address: GraphAddress, settings: Settings, ended: threading.Event) -> None:
    """Make constraints and indexes as soon as the graph answers; serving does not wait for it."""
    from hub.graph.constraints import ensure_constraints

    while not ended.is_set():
        try:
            with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
                ensure_constraints(writer, CATALOGUE)
            return
        except GraphWriteError as failed:
            _log.warning("constraints are not made yet: %s", failed.code)
        # Jitter: hubs that restart together should not knock together.
        ended.wait(RETRY_SECONDS * (0.5 + random.random()))  # noqa: S311
