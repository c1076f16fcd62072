"""Starting, watching and stopping the processes behind the API."""

from fastapi import APIRouter

from api.answers import ServerAnswer
from api.context import TheProcesses
from api.responses import conflict

router = APIRouter(tags=["server"])


@router.post("/server/start", summary="start_server", responses=conflict("PORT_TAKEN", "ALREADY_SUPERVISED"))
async def start_server(processes: TheProcesses) -> ServerAnswer:
    """Start, or adopt, the Temporal server and the three workers; answers when all are ready."""
    return ServerAnswer.model_validate(await processes.start())


@router.get("/server", summary="server_status")
async def server_status(processes: TheProcesses) -> ServerAnswer:
    """Tell what runs."""
    return ServerAnswer.model_validate(await processes.status())


@router.post("/server/stop", summary="stop_server", responses=conflict("ALREADY_SUPERVISED"))
async def stop_server(processes: TheProcesses) -> ServerAnswer:
    """Drain and stop the workers, then the Temporal server; what was in flight goes on at the next start."""
    return ServerAnswer.model_validate(await processes.stop())
