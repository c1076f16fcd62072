"""docs/operations.md lists every metric that is exported, as it is."""

import re
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from api.metrics import ScrapedFigures
from db.reads import OrderCounts
from hedging.prometheus import PrometheusSink
from hedging.records import AttemptRecord, Cause, Outcome
from supervisor.status import Component, ComponentState, ServerState, ServerStatus

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"

# | `name` | type | `label`, `label` | where | what it says |
ROW = re.compile(r"^\| `([a-z_]+)` \| (counter|gauge) \|([^|]*)\|", re.MULTILINE)

# Every metric has an alert or is looked at: a line of the alerts, or of what to watch, names it.
REST_OF_THE_PAGE = "## What to watch"

Shape = tuple[str, frozenset[str]]


def shapes(metrics: Iterable[Metric]) -> dict[str, Shape]:
    """Each metric under the name it is asked for by: its type and its labels."""
    found = {}
    for metric in metrics:
        for sample in metric.samples:
            if not sample.name.endswith("_created"):
                found[sample.name] = (metric.type, frozenset(sample.labels))
    return found


def exported() -> dict[str, Shape]:
    """What the API and the workers export once everything has happened."""
    of_the_api, of_a_worker = CollectorRegistry(), CollectorRegistry()
    api = Component(name="api", state=ComponentState.READY)
    of_the_api.register(
        ScrapedFigures(
            OrderCounts(by_status={}, sla_breached=0, oldest_open=None),
            ServerStatus(state=ServerState.READY, components=[api]),
        )
    )
    surplus = AttemptRecord(
        stage="charge_payment",
        number=2,
        cause=Cause.GAP,
        outcome=Outcome.SURPLUS,
        started_after_seconds=0.1,
        age_seconds=0.1,
        error=None,
        is_stray=True,
        delay_seconds=0.05,
        tokens=200,
    )
    PrometheusSink(of_a_worker).record(surplus)
    return shapes(of_the_api.collect()) | shapes(of_a_worker.collect())


def listed() -> dict[str, Shape]:
    return {
        name: (kind, frozenset(re.findall(r"`([a-z_]+)`", labels)))
        for name, kind, labels in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }


def test_the_page_lists_every_metric_and_no_other() -> None:
    assert listed() == exported()


def test_the_page_says_what_each_metric_is_good_for() -> None:
    rest = PAGE.read_text(encoding="utf-8").split(REST_OF_THE_PAGE)[1]

    assert [name for name in exported() if name not in rest] == []
