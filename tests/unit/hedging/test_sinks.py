"""Who is told of attempts, and in which words."""

import logging
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges
from hedging.prometheus import PrometheusSink
from hedging.records import AttemptRecord, AttemptSink, Cause, Outcome
from hedging.sinks import LogSink
from tests.unit.hedging.scripts import (
    Ledger,
    Script,
    fails,
    hangs,
    ignores_cancels,
    on_virtual_clock,
    succeeds,
)


def a_scope(state: HedgeState, *sinks: AttemptSink, burst: int = 1) -> HedgeScope:
    return HedgeScope(stage="a_stage", deadline=timedelta(seconds=2), state=state, sinks=sinks, burst=burst)


@on_virtual_clock
async def test_every_attempt_leaves_one_record_with_cause_start_age_and_outcome(
    state: HedgeState, ledger: Ledger
) -> None:
    script = Script((fails(TimeoutError(), after=0.02), hangs(), succeeds(after=0.01)))

    with hedge_scope(a_scope(state, ledger)):
        await run_with_hedges(script)

    first, winner, loser = ledger.records
    assert first == AttemptRecord(
        stage="a_stage",
        number=1,
        cause=Cause.FIRST,
        outcome=Outcome.FAILED,
        started_after_seconds=0.0,
        age_seconds=0.02,
        error="TimeoutError",
        is_stray=False,
        delay_seconds=0.05,
        tokens=200,
    )
    assert (winner.number, winner.cause, winner.outcome) == (3, "gap", "won")
    assert (loser.number, loser.cause, loser.outcome) == (2, "error", "cancelled")
    assert (winner.started_after_seconds, winner.age_seconds) == pytest.approx((0.07, 0.01))
    assert (loser.started_after_seconds, loser.age_seconds) == pytest.approx((0.02, 0.06))


@on_virtual_clock
async def test_a_sink_that_fails_is_logged_and_costs_the_race_nothing(
    state: HedgeState, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def record(self, record: AttemptRecord) -> None:
            raise OSError("disk full")

    with hedge_scope(a_scope(state, Broken(), ledger)):
        assert await run_with_hedges(Script((succeeds(),))) == "won"

    assert len(ledger.records) == 1
    assert [record.message for record in caplog.records] == ["hedge.sink_failed"]


@on_virtual_clock
async def test_the_log_tells_attempts_quietly_and_strays_aloud(
    state: HedgeState, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script((ignores_cancels(for_seconds=1.0), succeeds()))

    with hedge_scope(a_scope(state, LogSink())), caplog.at_level(logging.DEBUG, logger="hedging"):
        await run_with_hedges(script)
    await_the_stray = state.stage("a_stage").strays.copy()
    for stray in await_the_stray:
        await stray

    told = [record for record in caplog.records if record.message == "hedge.attempt"]
    assert [(record.levelname, record.__dict__["outcome"]) for record in told] == [
        ("DEBUG", "won"),
        ("WARNING", "cancelled"),
    ]
    assert told[0].__dict__["stage"] == "a_stage"


@on_virtual_clock
async def test_prometheus_counts_attempts_and_shows_delay_tokens_and_surplus(state: HedgeState) -> None:
    registry = CollectorRegistry()
    script = Script((fails(TimeoutError()), succeeds(after=0.01), succeeds(after=0.01)))

    with hedge_scope(a_scope(state, PrometheusSink(registry), burst=2)):
        await run_with_hedges(script)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"stage": "a_stage", **labels})

    assert value("hedge_attempts_total", cause="first", outcome="failed") == 1
    assert value("hedge_attempts_total", cause="burst", outcome="won") == 1
    assert value("hedge_attempts_total", cause="error", outcome="surplus") == 1
    assert value("hedge_surplus_total") == 1
    assert value("hedge_strays_total") == 0
    assert value("hedge_delay_seconds") == 0.05
    assert value("hedge_tokens") == 200
