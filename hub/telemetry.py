"""What is seen from outside is names, counts and times; no query text, no variable, no person.

One OpenTelemetry span a request and one a stage (exported over OTLP only where an endpoint is set), Prometheus
metrics without personal labels, and log lines that cannot hold an exception's text: it may quote data.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SILENT = ("graphql", "strawberry", "strawberry.execution", "neo4j", "dlt", "httpx", "httpcore")
_log = logging.getLogger("sluicegate.hub")


class Telemetry:
    """Spans and metrics of one hub."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        """Spans go to `exporter` in batches; without one they are not made."""
        self._provider: TracerProvider | None = None
        if exporter is not None:
            self._provider = TracerProvider(resource=Resource.create({"service.name": "sluicegate"}))
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = (self._provider or trace.NoOpTracerProvider()).get_tracer("sluicegate")
        self.registry = CollectorRegistry()
        self._requests = Counter("sluicegate_requests", "Requests by result code.", ["code"], registry=self.registry)
        self._stages = Histogram(
            "sluicegate_stage_seconds",
            "Time in each stage; `audit` is the wait for the durable record.",
            ["stage"],
            buckets=SECONDS,
            registry=self.registry,
        )

    @contextmanager
    def request(self) -> Iterator[trace.Span]:
        """The span of one request."""
        with self._tracer.start_as_current_span(
            "request", record_exception=False, set_status_on_exception=False
        ) as span:
            yield span

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """The span and the time of one stage, whether it passes or refuses."""
        began = time.perf_counter()
        with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
            try:
                yield
            finally:
                self._stages.labels(name).observe(time.perf_counter() - began)

    def ended(self, span: trace.Span, code: str, known: dict[str, str | int]) -> None:
        """Count a request that ended with `code`. `known` holds names of the policy and counts, nothing else."""
        self._requests.labels(code).inc()
        span.set_attributes({f"sluicegate.{name}": value for name, value in known.items()})
        span.set_attribute("sluicegate.code", code)

    def fault(self, stage: str, fault: BaseException) -> None:
        """Log an unexpected failure: where and of which class, never with its text."""
        _log.error("internal fault in stage %s: %s", stage, describe(fault))

    def metrics(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def close(self) -> None:
        """Send what is waiting and stop."""
        if self._provider is not None:
            self._provider.shutdown()


def otlp_exporter(endpoint: str | None) -> SpanExporter | None:
    """An exporter to `endpoint`/v1/traces (OTLP over HTTP), or None where none is set."""
    if endpoint is None:
        return None
    # Imported when needed: it brings protobuf and an HTTP client along.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")


def describe(fault: BaseException) -> str:
    """Class and place of a failure (`ValueError at plan.py:120`), without its text."""
    last: TracebackType | None = fault.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return type(fault).__name__
    return f"{type(fault).__name__} at {last.tb_frame.f_code.co_filename.rpartition('/')[2]}:{last.tb_lineno}"


class _PlainFormatter(logging.Formatter):
    """One line a record; of an exception its class and place only."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        if record.name == "asyncio":
            # asyncio prints the repr of tasks and exceptions, arguments included.
            text = "a task failed"
        else:
            text = record.getMessage().splitlines()[0] if record.getMessage() else ""
        fault = record.exc_info[1] if record.exc_info else None
        suffix = f" ({describe(fault)})" if fault is not None else ""
        return f"{moment} {record.levelname.lower()} {record.name}: {text}{suffix}"


def set_up_logging(stream: Any = None) -> None:
    """Send our own and uvicorn's lines to standard error; silence loggers that print documents or values."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("sluicegate").setLevel(logging.INFO)
    for name in SILENT:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
