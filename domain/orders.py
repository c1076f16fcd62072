"""What an order is made of, its ids and the keys that make its money move once."""

from dataclasses import dataclass
from typing import NewType

OrderId = NewType("OrderId", int)
WorkflowId = NewType("WorkflowId", str)

# Whose the orders are that were placed where nobody has to say who they are.
ANYBODY = "anybody"

DEMO_SKU = "demo-item"
DEMO_PRICE_CENTS = 4200


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a package goes. `country` is an ISO 3166-1 alpha-2 code."""

    line1: str
    city: str
    postal_code: str
    country: str
    recipient: str | None = None
    line2: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of an order; money in integer cents."""

    sku: str
    quantity: int
    unit_price_cents: int


DEMO_ITEMS = (Item(sku=DEMO_SKU, quantity=1, unit_price_cents=DEMO_PRICE_CENTS),)


def amount_of(items: tuple[Item, ...]) -> int:
    """The order's amount in cents, frozen at intake."""
    return sum(item.quantity * item.unit_price_cents for item in items)


def order_workflow_id(tag: str, order_id: OrderId) -> WorkflowId:
    """`tag` is the database's own, so that a fresh database never meets an old workflow."""
    return WorkflowId(f"order-{tag}-{order_id}")


def shipping_workflow_id(parent: str, attempt: int) -> WorkflowId:
    return WorkflowId(f"{parent}-shipping-{attempt}")


def return_workflow_id(tag: str, order_id: OrderId, command_id: str) -> WorkflowId:
    return WorkflowId(f"return-{tag}-{order_id}-{command_id}")


def tag_in(workflow_id: str) -> str:
    """Return the tag of the database that a workflow of any of these names is of."""
    return "".join(workflow_id.split("-")[1:2])


def charge_key(order_id: OrderId) -> str:
    return f"charge:{order_id}"


def refund_key(order_id: OrderId) -> str:
    return f"refund:{order_id}"


def dispatch_key(order_id: OrderId) -> str:
    return f"dispatch:{order_id}"


def recall_key(order_id: OrderId) -> str:
    return f"recall:{order_id}"
