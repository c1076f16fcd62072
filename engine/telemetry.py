"""What the core of Temporal's SDK says and counts, past Python's own logging, once for the whole process."""

from temporalio.runtime import (
    LoggingConfig,
    LoggingFormat,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from config.settings import LogFormat

SAME_AS = {LogFormat.HUMAN: LoggingFormat.COMPACT, LogFormat.JSON: LoggingFormat.JSON}

# What it tells below that only concerns itself.
WORTH_TELLING = TelemetryFilter(core_level="WARN", other_level="ERROR")


def set_up_the_core(style: LogFormat, metrics: PrometheusConfig | None = None) -> None:
    """Every client and worker of this process speaks in `style`, and serves `metrics`, if there are any."""
    logging = LoggingConfig(filter=WORTH_TELLING, format=SAME_AS[style])
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=logging, metrics=metrics)))
