"""What workflows may be searched by, so that Temporal's own page lists orders by it."""

from temporalio.common import SearchAttributeKey

ORDER_STATUS = SearchAttributeKey.for_keyword("OrderStatus")

# As the server's own commands name the type.
SEARCH_ATTRIBUTES = {ORDER_STATUS.name: "Keyword"}
