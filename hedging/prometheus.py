"""Attempts as Prometheus metrics."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from hedging.records import AttemptRecord, Outcome


class PrometheusSink:
    """Registers its metrics once; one sink serves every stage of a process."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._attempts = Counter(
            "hedge_attempts", "Attempts of raced calls.", ["stage", "cause", "outcome"], registry=registry
        )
        self._surplus = Counter(
            "hedge_surplus", "Attempts that succeeded after their race was won.", ["stage"], registry=registry
        )
        self._strays = Counter(
            "hedge_strays",
            "Attempts that outlived their race by ignoring a cancel.",
            ["stage"],
            registry=registry,
        )
        self._delay = Gauge(
            "hedge_delay_seconds", "Silence before another attempt joins.", ["stage"], registry=registry
        )
        self._tokens = Gauge(
            "hedge_tokens", "Extra attempts a stage may spend.", ["stage"], registry=registry
        )

    def record(self, record: AttemptRecord) -> None:
        stage = record.stage
        self._attempts.labels(stage, record.cause, record.outcome).inc()
        self._delay.labels(stage).set(record.delay_seconds)
        self._tokens.labels(stage).set(record.tokens)
        # With 0 too: a rate does not see a series that begins with its first one.
        self._surplus.labels(stage).inc(record.outcome is Outcome.SURPLUS)
        self._strays.labels(stage).inc(record.is_stray)
