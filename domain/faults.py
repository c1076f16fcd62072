"""Faults are weather: hedged, retried, quiet. They say nothing about the order."""


class Fault(Exception):
    """Something outside did not work this time and may work the next."""


class FlakyFault(Fault):
    """A stub's call failed at once, as a third of them do."""


class DeadlineFault(Fault):
    """A race spent its time without a winner."""


class StageGivenUp(Exception):
    """A stage's races have used up their patience: not weather any more, but the end of this stage."""
