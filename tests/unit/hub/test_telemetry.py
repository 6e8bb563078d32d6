"""Spans, metrics and log lines hold names, counts and times; a canary put into everything else stays out."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hub.log_lines import SILENT, describe_exception, set_up_logging
from hub.telemetry import Telemetry, otlp_exporter
from tests.support.serving import serving

pytestmark = pytest.mark.unit

CANARY = "CANARY13800000000"
STAGES = ["read", "purpose", "validate", "decide", "plan", "compile", "caps", "fetch", "respond", "audit"]


class Kept(SpanExporter):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing to close."""


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Our logging set-up, undone afterwards."""
    root = logging.getLogger()
    names = ["sluicegate", *SILENT]
    before = (
        root.handlers[:],
        root.level,
        {n: (logging.getLogger(n).level, logging.getLogger(n).propagate) for n in names},
    )
    stream = io.StringIO()
    set_up_logging(stream)
    yield stream
    root.handlers[:], level, loggers = before
    root.setLevel(level)
    for name, (its_level, propagate) in loggers.items():
        logging.getLogger(name).setLevel(its_level)
        logging.getLogger(name).propagate = propagate


def test_e13_nothing_personal_is_seen_from_outside(tmp_path: Path, logged: io.StringIO) -> None:
    with serving(tmp_path / "home") as served:
        kept = Kept()
        served.hub.telemetry = Telemetry(kept)
        lookup = f'{{ dwellings(where: {{code: {{eq: "{CANARY}"}}}}) {{ edges {{ node {{ code }} }} }} }}'
        served.ask("{ __typename }", person=CANARY)
        served.ask(lookup, person=CANARY, headers={"Case-Reference": CANARY})
        served.ask(f"{{ {CANARY}", operationName=CANARY)
        served.ask(purpose=CANARY)
        served.ask(token=CANARY)
        served.client.get(f"/{CANARY}", headers={CANARY: CANARY})
        metrics = served.client.get("/metrics").text
    text = " ".join(span.to_json() for span in kept.spans)
    assert CANARY not in text + metrics + logged.getvalue()
    first = [span.name for span in kept.spans][: len(STAGES) + 1]
    assert first == [*STAGES, "request"]
    told = [dict(span.attributes or {}) for span in kept.spans if span.name == "request"]
    assert [each["sluicegate.code"] for each in told] == [
        "OK",
        "GRAPH_UNAVAILABLE",
        "VALIDATION",
        "PURPOSE_DENIED",
        "UNAUTHENTICATED",
    ]
    assert told[0]["sluicegate.application"] == "fire-inspection"
    assert told[0]["sluicegate.purpose"] == "safety.fire.rental"
    assert "sluicegate.purpose" not in told[3]


@pytest.mark.parametrize("name", SILENT)
def test_loggers_that_quote_documents_are_silent(logged: io.StringIO, name: str) -> None:
    logging.getLogger(name).critical("%s", CANARY)
    logging.getLogger(f"{name}.deeper").error("%s", CANARY)
    assert CANARY not in logged.getvalue()


def test_an_exceptions_text_is_never_logged(logged: io.StringIO) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as fault:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        logging.getLogger("asyncio").error("Task exception was never retrieved: %r", fault)
        assert describe_exception(fault).startswith("ValueError at test_telemetry.py:")
    lines = logged.getvalue().splitlines()
    assert len(lines) == 2
    assert "ValueError at test_telemetry.py" in lines[0]
    assert CANARY not in logged.getvalue()


def test_a_line_is_one_line(logged: io.StringIO) -> None:
    logging.getLogger("sluicegate.x").warning("first\nsecond")
    assert logged.getvalue().count("\n") == 1


@pytest.mark.parametrize("exporter", [None, InMemorySpanExporter()], ids=["no spans", "spans"])
def test_a_stage_is_timed_whether_it_passes_or_refuses(exporter: InMemorySpanExporter | None) -> None:
    telemetry = Telemetry(exporter)
    with telemetry.request(), telemetry.stage("read"):
        pass
    with pytest.raises(ValueError), telemetry.before_request("read"):
        raise ValueError
    with pytest.raises(ValueError), telemetry.request(), telemetry.stage("plan"):
        raise ValueError
    told = telemetry.metrics().decode()
    assert 'sluicegate_stage_seconds_count{stage="read"} 2.0' in told
    assert 'sluicegate_stage_seconds_count{stage="plan"} 1.0' in told
    telemetry.close()
    if exporter is not None:
        assert [each.name for each in exporter.get_finished_spans()] == ["read", "request", "plan", "request"]


def test_no_exporter_without_an_endpoint() -> None:
    assert otlp_exporter(None) is None
    exporter = otlp_exporter("http://127.0.0.1:9")
    assert exporter is not None
    exporter.shutdown()


CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_case_6_03_a_known_senders_trace_is_joined_and_nobody_elses(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as served:
        kept = Kept()
        served.hub.telemetry = Telemetry(kept)
        for given in (
            CALLER,
            CALLER.upper(),
            CALLER.replace("00-", "ff-"),
            f"00-{'0' * 32}-b7ad6b7169203331-01",
            CANARY,
        ):
            served.ask(headers={"traceparent": given})
        served.ask(token=CANARY, headers={"traceparent": CALLER})
        served.client.post("/graphql", json={"query": "{ __typename }"}, headers={"traceparent": CALLER})
        served.hub.telemetry.close()
    traces = [f"{span.context.trace_id:032x}" for span in kept.spans if span.name == "request" and span.context]
    assert [trace in CALLER for trace in traces] == [True, False, False, False, False, False, False]
    stages = [span for span in kept.spans if span.name == "purpose" and span.context]
    assert f"{stages[0].context.trace_id:032x}" in CALLER
