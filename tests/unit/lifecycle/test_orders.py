"""What an order costs, and the keys by which its money moves once."""

from domain.orders import (
    DEMO_ITEMS,
    Item,
    OrderId,
    amount_of,
    charge_key,
    dispatch_key,
    order_workflow_id,
    recall_key,
    refund_key,
    return_workflow_id,
    shipping_workflow_id,
)

SEVENTH = OrderId(7)


def test_an_order_costs_its_items_times_their_quantities() -> None:
    items = (Item(sku="a", quantity=3, unit_price_cents=250), Item(sku="b", quantity=1, unit_price_cents=1))

    assert amount_of(items) == 751
    assert amount_of(DEMO_ITEMS) == 4200
    assert amount_of(()) == 0


def test_keys_are_the_order_s_alone() -> None:
    makers = (charge_key, refund_key, dispatch_key, recall_key)

    keys = {make(order_id) for make in makers for order_id in (SEVENTH, OrderId(77))}

    assert len(keys) == 8
    assert (charge_key(SEVENTH), refund_key(SEVENTH)) == ("charge:7", "refund:7")


def test_workflow_ids_carry_the_tag_of_their_database() -> None:
    assert order_workflow_id("tag", SEVENTH) == "order-tag-7"
    assert shipping_workflow_id("order-tag-7", 2) == "order-tag-7-shipping-2"
    assert return_workflow_id("tag", SEVENTH, "c1") == "return-tag-7-c1"
