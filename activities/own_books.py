"""A workflow of another database does nothing in this one, where its order's number is another order's."""

from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from db.database import Database
from db.reads import read_tag
from domain.orders import tag_in


class OtherBooks(Exception):
    """The workflow was begun with a database that this one has taken the place of; ./doctor names it."""


class OwnBooks(Interceptor):
    """Every activity of a worker first looks whether its workflow is of `db`; raises OtherBooks."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tag: str | None = None

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Looking(next, self)

    async def look(self, workflow_id: str) -> None:
        if self._tag is None:
            self._tag = await self._db.read(read_tag)
        if tag_in(workflow_id) != self._tag:
            raise OtherBooks(f"{workflow_id} is of another database than {self._tag}")


class _Looking(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, books: OwnBooks) -> None:  # noqa: A002
        super().__init__(next)
        self._books = books

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        await self._books.look(activity.info().workflow_id or "")
        return await super().execute_activity(input)
