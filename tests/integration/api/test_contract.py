import json
from typing import Any

import pytest

from api.contract import FILE
from api.contract import contract as written
from tests.integration.api.caller import Caller

# In the order of the contract.
OPERATIONS = [
    ("start_server", "POST", "/server/start"),
    ("server_status", "GET", "/server"),
    ("stop_server", "POST", "/server/stop"),
    ("start_order", "POST", "/orders"),
    # By the path they share; the order is that of paths.
    ("list_orders", "GET", "/orders"),
    ("update_address", "PUT", "/orders/{order_id}/address"),
    ("cancel_order", "POST", "/orders/{order_id}/cancel"),
    ("review_order", "POST", "/orders/{order_id}/review"),
    ("return_order", "POST", "/orders/{order_id}/return"),
    ("get_order_stage", "GET", "/orders/{order_id}/stage"),
    ("get_order", "GET", "/orders/{order_id}"),
    ("order_timeline", "GET", "/orders/{order_id}/timeline"),
    ("order_actions", "GET", "/orders/{order_id}/actions"),
    ("live_attempts", "GET", "/attempts"),
    ("get_figures", "GET", "/figures"),
    ("db_dump", "GET", "/db-dump"),
    ("test_cancel_order", "POST", "/trials/cancel-order"),
    ("test_update_address", "POST", "/trials/update-address"),
    ("get_weather", "GET", "/weather"),
    ("set_weather", "PUT", "/weather"),
    ("stream_events", "GET", "/events/stream"),
    ("healthz", "GET", "/healthz"),
    ("readyz", "GET", "/readyz"),
    ("metrics", "GET", "/metrics"),
]


@pytest.fixture
def contract(api: Caller) -> dict[str, Any]:
    found: dict[str, Any] = api.http.get("/openapi.json").json()
    return found


def operations_of(contract: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, operations in contract["paths"].items()
        for method, operation in operations.items()
    ]


def test_the_contract_in_the_file_is_the_one_that_is_kept(contract: dict[str, Any]) -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "renew it: python -m api.contract"
    assert json.loads(FILE.read_text(encoding="utf-8")) == contract


def test_the_operations_are_those_of_the_contract_in_its_order(contract: dict[str, Any]) -> None:
    found = [(operation["operationId"], method, path) for method, path, operation in operations_of(contract)]

    assert found == OPERATIONS


def test_every_operation_is_shown_by_its_name(contract: dict[str, Any]) -> None:
    for _, _, operation in operations_of(contract):
        assert operation["summary"] == operation["operationId"]
        assert operation["description"]
        assert operation["tags"]


def test_every_error_is_documented_as_a_problem(contract: dict[str, Any]) -> None:
    for _, path, operation in operations_of(contract):
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], (path, status)


def test_what_any_operation_may_answer_is_documented_with_every_one(contract: dict[str, Any]) -> None:
    for _, path, operation in operations_of(contract):
        assert {"400", "403", "413", "503"} <= operation["responses"].keys(), path
        if "requestBody" in operation or operation.get("parameters"):
            assert "422" in operation["responses"], path
