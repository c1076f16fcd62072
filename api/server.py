"""Starting, watching and stopping the processes behind the API."""

from fastapi import APIRouter

from api.context import TheSupervisor
from api.responses import UNAVAILABLE, conflict
from api.schemas import ServerAnswer

router = APIRouter(tags=["server"])


@router.post(
    "/server/start",
    summary="start_server",
    responses={**conflict("PORT_TAKEN", "ALREADY_SUPERVISED"), **UNAVAILABLE},
)
async def start_server(supervisor: TheSupervisor) -> ServerAnswer:
    """Start, or adopt, the Temporal server and the three workers; answers when all are ready."""
    return ServerAnswer.model_validate(await supervisor.start())


@router.get("/server", summary="server_status")
async def server_status(supervisor: TheSupervisor) -> ServerAnswer:
    """Tell what runs."""
    return ServerAnswer.model_validate(await supervisor.status())


@router.post("/server/stop", summary="stop_server")
async def stop_server(supervisor: TheSupervisor) -> ServerAnswer:
    """Drain and stop the workers, then the Temporal server; what was in flight goes on at the next start."""
    return ServerAnswer.model_validate(await supervisor.stop())
