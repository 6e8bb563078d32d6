"""A request by a document id waits for its turn as one that sends the text does, and is found where that is kept."""

from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.home.settings import Settings
from hub.processor import LONG_BODY
from hub.request.auth import Identified, registered
from hub.request.decision_cache import DecisionCache
from hub.request.endpoint import Arrival, read
from hub.request.pipeline import _is_long
from hub.request.prepared.documents import DocumentCache
from hub.request.prepared.prepare import Parts, prepare
from hub.request.record import Trail
from hub.request.running import Hub
from policies.operations.registered import document_id
from schema import SPINE
from tests.support.oracle.free_texts import DETECTOR
from tests.support.registered.county import BUILDINGS, RENTAL, county_with, entry
from tests.support.small_graph import SCHEMA, SEALS

pytestmark = pytest.mark.unit
LONG = BUILDINGS + " " * LONG_BODY
POLICY = county_with(entry(BUILDINGS), entry(LONG))
NOW = dt.datetime(2026, 6, 30, 9, 0, tzinfo=dt.UTC)
SUBJECT = registered(POLICY, "fire-inspection", "inspector-1")
SETTINGS = Settings.model_construct(body_limit=262_144)


def trail_of(document: str, *, by_id: bool) -> Trail:
    asked: dict[str, Any] = {"documentId": document_id(document)} if by_id else {"query": document}
    headers = (("content-type", "application/json"), ("access-purpose", RENTAL))
    arrival = Arrival("r", NOW, 0, "POST", "/graphql", headers, json.dumps(asked).encode())
    trail = Trail(arrival, POLICY)
    trail.request, trail.subject = read(arrival, SETTINGS), SUBJECT
    return trail


def test_a_long_document_takes_long_until_it_is_kept_however_it_is_asked() -> None:
    kept = DocumentCache()

    def is_long(document: str, *, by_id: bool) -> bool:
        return _is_long(cast("Hub", SimpleNamespace(kept=kept)), trail_of(document, by_id=by_id))

    assert [is_long(each, by_id=by_id) for each in (BUILDINGS, LONG) for by_id in (True, False)] == [
        False,
        False,
        True,
        True,
    ]
    parts = Parts(SETTINGS, SPINE, SCHEMA, SEALS, DecisionCache(), {}, DETECTOR, kept)
    for by_id in (True, False):
        trail = trail_of(LONG, by_id=by_id)
        assert trail.request is not None and trail.subject is not None
        prepare(parts, trail, Identified(trail.request, POLICY, trail.subject), NOW)
    assert len(kept) == 1, "one text is one document"
    assert [is_long(LONG, by_id=by_id) for by_id in (True, False)] == [False, False]
