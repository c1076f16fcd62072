"""Is it alive, and can it do its work?"""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.asking import Asker
from api.context import Context, TheContext
from api.errors import problem
from config.api_keys import Scope
from db.same_file import BooksGone
from supervisor.status import TEMPORAL, ComponentState

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="healthz")
async def healthz() -> dict[str, str]:
    """Say that the API answers."""
    return {"status": "alive"}


@router.get("/readyz", summary="readyz", response_model=dict[str, str])
async def readyz(context: TheContext, request: Request) -> JSONResponse:
    """Say that orders can be taken and brought to their end, or what is missing for it."""
    missing = await _missing(context)
    if missing:
        told = ", ".join(_described(missing) if _may_know_why(request) else missing)
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "NOT_READY", f"missing: {told}")
    return JSONResponse({"status": "ready"})


async def _missing(context: Context) -> dict[str, str | None]:
    """Return the name of each part that is missing, and why, where that is known."""
    status = await context.processes.status()
    missing = {part.name: part.detail for part in status.components if part.state is not ComponentState.READY}
    if not context.desk.link.is_up:
        missing.setdefault(TEMPORAL, None)
    try:
        await context.desk.db.read(_touch)
    except BooksGone as gone:
        missing["database"] = str(gone.orig)
    except SQLAlchemyError:
        missing["database"] = None
    return missing


def _described(missing: dict[str, str | None]) -> list[str]:
    return [f"{name} ({why})" if why else name for name, why in missing.items()]


def _may_know_why(request: Request) -> bool:
    """It quotes logs and names files; whoever asks how we are needs no key, and may be a stranger."""
    asker: Asker | None = request.state.asker
    return asker is not None and asker.may(Scope.ADMIN)


def _touch(session: Session) -> None:
    session.execute(text("SELECT 1 FROM orders LIMIT 1"))
