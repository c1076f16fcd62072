"""Whether traces are wanted, whether they can be had, and what carries them through Temporal."""

from importlib import import_module

from temporalio.client import Interceptor

from config.settings import OTEL_ENDPOINT, BadSettings, Settings

INSTALL = "pip install --require-hashes -r requirements-otel.lock"

# Loaded only where traces are wanted: they are an extra, and take their time.
NEEDED = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")


def check_tracing(settings: Settings) -> None:
    """Traces are not wanted, or all they need is installed. Raises BadSettings."""
    if not settings.is_traced:
        return
    try:
        for name in NEEDED:
            import_module(name)
    except ImportError as missing:
        raise BadSettings([f"{OTEL_ENDPOINT}: needs {missing.name}, which is an extra; {INSTALL}"]) from None


def tracing_interceptors(settings: Settings) -> list[Interceptor]:
    """What makes a request's trace go on in the workflow and its activities; none when none is wanted."""
    if not settings.is_traced:
        return []
    from temporalio.contrib.opentelemetry import TracingInterceptor

    return [TracingInterceptor()]
