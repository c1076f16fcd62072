from prometheus_client.parser import text_string_to_metric_families as families_in

from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.processes import MadeUpProcesses

Sample = tuple[str, tuple[tuple[str, str], ...]]


def figures(api: Caller) -> dict[Sample, float]:
    """Each figure by its name and labels."""
    answer = api.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families_in(answer.text)
        for sample in family.samples
    }


def orders(status: str) -> Sample:
    return "orders", (("status", status),)


def up(component: str) -> Sample:
    return "component_up", (("component", component),)


def test_orders_are_counted_by_their_status(api: Caller) -> None:
    before = figures(api)
    api.ends(api.place(), "completed")
    api.ends(api.place(items=[]), "rejected")

    after = figures(api)

    for status in ("completed", "rejected"):
        assert after[orders(status)] >= before[orders(status)] + 1
    assert after[orders("expired")] >= 0


def test_late_orders_are_counted(api: Caller, open_api: OpenApi) -> None:
    before = figures(api)["orders_sla_breached_total", ()]
    late = open_api(order_budget_seconds=0.001)

    late.ends(late.place(), "completed")

    assert figures(api)["orders_sla_breached_total", ()] >= before + 1


def test_a_component_that_does_not_work_is_down(open_api: OpenApi) -> None:
    processes = MadeUpProcesses()
    processes.missing = {"shipping-worker"}

    found = figures(open_api(processes))

    assert (found[up("shipping-worker")], found[up("order-worker")]) == (0, 1)
