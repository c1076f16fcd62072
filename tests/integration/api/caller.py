"""A client of the API that speaks as the tests do."""

from typing import Any

import httpx

from domain.stages import Stage
from tests.integration.api.waiting import eventually

ADDRESS: dict[str, Any] = {
    "recipient": "Ada Example",
    "line1": "1 Harbour Street",
    "city": "Bremen",
    "postal_code": "28195",
    "country": "DE",
}
ANOTHER_ADDRESS: dict[str, Any] = {
    "line1": "2 Mill Lane",
    "city": "Leiden",
    "postal_code": "2311",
    "country": "NL",
}

PROBLEM = "application/problem+json"
KEY = "Idempotency-Key"


class Caller:
    """`http` goes to one API; every answer that is an error is held to the shape of a problem."""

    def __init__(self, url: str, *, key: str | None = None) -> None:
        self.url = url
        self.http = httpx.Client(
            headers={"X-API-Key": key} if key else {},
            base_url=url,
            timeout=60,
            trust_env=False,
            event_hooks={"response": [_a_sound_answer]},
        )

    def try_to_place(self, *, key: str | None = None, **body: Any) -> httpx.Response:
        return self._ask("POST", "/orders", key, {"address": ADDRESS, **body})

    def place(self, **body: Any) -> int:
        """Return the id of a new order."""
        answer = self.try_to_place(**body)
        assert answer.status_code == 201, answer.text
        placed: int = answer.json()["order_id"]
        return placed

    def place_for_review(self) -> int:
        """Return a new order whose workflow waits for a reviewer; the books say so a moment before."""
        order_id = self.place()
        self.begins(order_id, Stage.ORDER_REVIEWED)
        return order_id

    def order(self, order_id: int) -> dict[str, Any]:
        return self._read(f"/orders/{order_id}")

    def stage(self, order_id: int, *, live: bool = False) -> dict[str, Any]:
        return self._read(f"/orders/{order_id}/stage", live=live)

    def cancel(self, order_id: int, *, key: str | None = None) -> httpx.Response:
        return self._ask("POST", f"/orders/{order_id}/cancel", key)

    def readdress(self, order_id: int, *, key: str | None = None) -> httpx.Response:
        return self._ask("PUT", f"/orders/{order_id}/address", key, ANOTHER_ADDRESS)

    def review(self, order_id: int, decision: str = "approve", *, key: str | None = None) -> httpx.Response:
        body = {"decision": decision, "reviewer": "Rae Reviewer", "reason": "as it should be"}
        return self._ask("POST", f"/orders/{order_id}/review", key, body)

    def approve(self, order_id: int) -> None:
        answer = self.review(order_id)
        assert answer.status_code == 200, answer.text

    def take_back(self, order_id: int, *, key: str | None = None) -> httpx.Response:
        return self._ask("POST", f"/orders/{order_id}/return", key)

    def reaches(self, order_id: int, stage: Stage) -> None:
        """Return once the books have the order at `stage` or beyond."""
        eventually(
            lambda: self.stage(order_id)["stage_number"] >= stage.number,
            wanted=f"order {order_id} at {stage.value}",
        )

    def begins(self, order_id: int, stage: Stage) -> None:
        """Return once the workflow says that `stage` has begun."""
        eventually(
            lambda: (self.stage(order_id, live=True)["live"] or {}).get("stage") == stage.value,
            wanted=f"order {order_id} beginning {stage.value}",
        )

    def ends(self, order_id: int, status: str) -> dict[str, Any]:
        """Return the whole order once it has ended, which it must with that status."""
        open_ = ("in_progress", "cancelling", "failing", "returning")
        eventually(lambda: self.stage(order_id)["status"] not in open_, wanted=f"the end of order {order_id}")
        order = self.order(order_id)
        assert order["status"] == status
        return order

    def _ask(self, method: str, path: str, key: str | None, body: Any = None) -> httpx.Response:
        return self.http.request(method, path, json=body, headers={} if key is None else {KEY: key})

    def _read(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def _a_sound_answer(answer: httpx.Response) -> None:
    """Never a crash; an error is always a problem with a code, and a 503 says when to ask again."""
    if answer.is_success:
        return
    answer.read()
    assert answer.status_code != 500, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["code"].isupper()
    assert problem["title"]
    assert problem["detail"]
    if answer.status_code == 503 or problem["code"] == "IN_PROGRESS":
        assert int(answer.headers["retry-after"]) >= 1
