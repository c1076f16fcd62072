"""What may go wrong with the weather when the system is started."""

from domain.faults import Fault


class StartFault(Fault):
    """Something that was started does not work, or not yet; the message names it and quotes its log."""
