"""An answer that is sent for as long as its reader reads."""

import asyncio
import logging
from datetime import timedelta

from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

log = logging.getLogger(__name__)

# A reader who takes longer for one piece has stopped reading, and holds what others wait for.
PIECE_READ_WITHIN = timedelta(seconds=10)


class PatientStream(StreamingResponse):
    """Ends unfinished when its reader has stopped reading."""

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(PIECE_READ_WITHIN.total_seconds()):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            log.info("stream.abandoned")
