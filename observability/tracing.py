"""Traces of OpenTelemetry: this process's name on them, its statements in them, and where they are sent.

FastAPI makes a span of each request by itself, Temporal's interceptor of each workflow and activity.
"""

import os
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, event

from config.settings import Settings


def begin_tracing(settings: Settings, name: str) -> None:
    """From now on this process sends its spans to where OTEL_* say, as `name`; nothing if they say nothing.

    The sender goes when the process ends, after it has sent the rest.
    """
    if not settings.is_traced:
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # What stands in `.env` is not in the environment, where the SDK looks for its own settings.
    os.environ.update(settings.otel_environment)
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    _trace_statements(provider.get_tracer(__name__))


def _trace_statements(tracer: Any) -> None:
    """Every statement is a span with its text alone: addresses are among the parameters."""

    @event.listens_for(Engine, "before_cursor_execute")
    def _begin(
        connection: Connection, _cursor: object, statement: str, _given: object, context: Any, _many: bool
    ) -> None:
        said = {"db.system.name": connection.dialect.name, "db.query.text": statement}
        context.span = tracer.start_span(statement.split(None, 1)[0], attributes=said)

    @event.listens_for(Engine, "after_cursor_execute")
    def _end(
        _connection: object, _cursor: object, _statement: str, _given: object, context: Any, _many: bool
    ) -> None:
        context.span.end()

    @event.listens_for(Engine, "handle_error")
    def _end_badly(failed: ExceptionContext) -> None:
        span = getattr(failed.execution_context, "span", None)
        if span is not None:
            span.set_attribute("error.type", type(failed.original_exception).__qualname__)
            span.end()
