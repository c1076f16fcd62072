"""The task queues, one a worker."""

from enum import StrEnum


class TaskQueue(StrEnum):
    """Each queue is polled by the worker of the same name."""

    ORDER = "order"
    SHIPPING = "shipping"
    RETURNS = "returns"
