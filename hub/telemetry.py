"""Spans and metrics of the hub.

They hold names, counts and times, and never a query text, a variable or a person. Each request and each stage is one
OpenTelemetry span (exported over OTLP only if an endpoint is set); Prometheus metrics have no personal labels.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from hub.log_lines import describe_exception

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TRACEPARENT = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_log = logging.getLogger("sluicegate.hub")


class Telemetry:
    """Spans and metrics of one hub."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        """Spans go to `exporter` in batches; without an exporter there are none."""
        self._provider: TracerProvider | None = None
        if exporter is not None:
            self._provider = TracerProvider(resource=Resource.create({"service.name": "sluicegate"}))
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("sluicegate") if self._provider else None
        self.registry = CollectorRegistry()
        self._requests = Counter("sluicegate_requests", "Requests by result code.", ["code"], registry=self.registry)
        self._connections = Counter(
            "sluicegate_connections_refused", "Connections refused or closed.", ["reason"], registry=self.registry
        )
        self._stages = StageSeconds()
        self.registry.register(self._stages)

    def request(self, traceparent: str | None = None) -> AbstractContextManager[trace.Span]:
        """The span of one request, in the trace of its caller if `traceparent` (W3C Trace Context) is a valid one."""
        if self._tracer is None:
            return nullcontext(trace.INVALID_SPAN)
        return self._tracer.start_as_current_span(
            "request", _caller(traceparent), record_exception=False, set_status_on_exception=False
        )

    def before_request(self, name: str) -> AbstractContextManager[None]:
        """The duration of a stage that ends before it is known whose request this is; it has no span."""
        return _Timed(self._stages.of(name))

    def stage(self, name: str) -> AbstractContextManager[None]:
        """The span and the duration of one stage, whether it passes or refuses."""
        timed = self.before_request(name)
        return timed if self._tracer is None else _in_span(self._tracer, name, timed)

    def ended(self, span: trace.Span, code: str, known: dict[str, str | int]) -> None:
        """Count a request that ended with `code`; `known` holds names from the policy and counts, nothing else."""
        self._requests.labels(code).inc()
        if self._tracer is None:
            return
        span.set_attributes({f"sluicegate.{name}": value for name, value in known.items()})
        span.set_attribute("sluicegate.code", code)

    def connection_refused(self, reason: str) -> None:
        """Count a connection that was refused or closed, for a reason of `hub/connections.py`."""
        self._connections.labels(reason).inc()

    def fault(self, stage: str, fault: BaseException) -> None:
        """Log an unexpected failure with its place and class, never with its text."""
        _log.error("internal fault in stage %s: %s", stage, describe_exception(fault))

    def metrics(self) -> bytes:
        """The metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def close(self) -> None:
        """Send the spans that are still waiting, and stop."""
        if self._provider is not None:
            self._provider.shutdown()


class _Durations:
    """How often a stage took how long: counts by bucket of `SECONDS`, the last without a bound, and their sum."""

    __slots__ = ("_one_at_a_time", "counts", "total")

    def __init__(self) -> None:
        self.counts, self.total = [0] * (len(SECONDS) + 1), 0.0
        self._one_at_a_time = threading.Lock()

    def observe(self, seconds: float) -> None:
        """Count one more."""
        with self._one_at_a_time:
            self.counts[bisect_left(SECONDS, seconds)] += 1
            self.total += seconds

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """(bound, how many took no longer), the last without a bound; and the sum."""
        with self._one_at_a_time:
            counts, total = list(self.counts), self.total
        bounds = [*map(str, SECONDS), "+Inf"]
        return [(bound, sum(counts[: at + 1])) for at, bound in enumerate(bounds)], total


class StageSeconds(Collector):
    """The histogram of how long each stage took. Our own, because a request has ten stages: what counts them in
    `prometheus_client` takes 8 us each time, this one 2.
    """

    def __init__(self) -> None:
        self._stages: dict[str, _Durations] = {}

    def of(self, name: str) -> _Durations:
        """Where the durations of one stage are counted."""
        found = self._stages.get(name)
        return found if found is not None else self._stages.setdefault(name, _Durations())

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """All stages, as one metric."""
        told = "Time in each stage; `audit` is the wait for the durable record."
        family = HistogramMetricFamily("sluicegate_stage_seconds", told, labels=["stage"])
        for name, durations in sorted(self._stages.items()):
            buckets, total = durations.read()
            family.add_metric([name], buckets, total)
        yield family


class _Timed:
    """Observes how long its block took. A class, because ten of them are in each request: as generators they took 200
    us of processor where these take 35.
    """

    __slots__ = ("_began", "_timer")

    def __init__(self, timer: _Durations) -> None:
        self._timer, self._began = timer, 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._timer.observe(time.perf_counter() - self._began)


@contextmanager
def _in_span(tracer: trace.Tracer, name: str, timed: AbstractContextManager[None]) -> Iterator[None]:
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False), timed:
        yield


def _caller(traceparent: str | None) -> Context | None:
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return None
    flags = trace.TraceFlags(int(found[3], 16) & trace.TraceFlags.SAMPLED)
    caller = trace.SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(caller))


def otlp_exporter(endpoint: str | None) -> SpanExporter | None:
    """An exporter to `endpoint`/v1/traces (OTLP over HTTP), or None without an endpoint."""
    if endpoint is None:
        return None
    # Imported only when needed, because it imports protobuf and an HTTP client.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
