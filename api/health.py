"""Is it alive, and can it do its work?"""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.context import Context, TheContext
from api.errors import problem
from db.same_file import BooksGone
from supervisor.status import TEMPORAL, ComponentState

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="healthz")
async def healthz() -> dict[str, str]:
    """Say that the API answers."""
    return {"status": "alive"}


@router.get("/readyz", summary="readyz", response_model=dict[str, str])
async def readyz(context: TheContext) -> JSONResponse:
    """Say that orders can be taken and brought to their end, or what is missing for it."""
    missing = await _missing(context)
    if missing:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "NOT_READY", f"missing: {', '.join(missing)}")
    return JSONResponse({"status": "ready"})


async def _missing(context: Context) -> list[str]:
    status = await context.processes.status()
    lacking = [part for part in status.components if part.state is not ComponentState.READY]
    missing = [f"{part.name} ({part.detail})" if part.detail else part.name for part in lacking]
    if not context.desk.link.is_up and all(part.name != TEMPORAL for part in lacking):
        missing.append(TEMPORAL)
    try:
        await context.desk.db.read(_touch)
    except BooksGone as gone:
        missing.append(f"database ({gone.orig})")
    except SQLAlchemyError:
        missing.append("database")
    return missing


def _touch(session: Session) -> None:
    session.execute(text("SELECT 1 FROM orders LIMIT 1"))
