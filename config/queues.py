"""The task queues, one a worker."""

from enum import StrEnum


class TaskQueue(StrEnum):
    """Each queue is polled by a worker that is called after it."""

    ORDER = "order"
    SHIPPING = "shipping"
    RETURNS = "returns"

    @property
    def worker(self) -> str:
        """The name of the worker that polls it."""
        return f"{self}-worker"
