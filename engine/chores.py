"""What every process does over and over in the background."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def outliving_mistakes(chore: str) -> Iterator[None]:
    """Log what nobody foresaw in one round of the `chore`, so that the next round takes place.

    A chore that ended for good would be missed by nobody until it is needed.
    """
    try:
        yield
    except Exception:
        log.exception("chore.crashed", extra={"chore": chore})
