"""What an examination saw, a line each, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """A note is worth knowing; only a fault is wrong."""

    WELL = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was seen of one `subject`; `fix` says what to do about a fault."""

    subject: str
    verdict: Verdict
    what: str
    fix: str = ""

    def __str__(self) -> str:
        line = f"{self.verdict.value:<6}{self.subject}: {self.what}"
        return f"{line}\n      -> {self.fix}" if self.fix else line


def well(subject: str, what: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.WELL, what=what)


def note(subject: str, what: str, fix: str = "") -> Finding:
    return Finding(subject=subject, verdict=Verdict.NOTE, what=what, fix=fix)


def fault(subject: str, what: str, fix: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.FAULT, what=what, fix=fix)


def has_fault(findings: Iterable[Finding]) -> bool:
    return any(finding.verdict is Verdict.FAULT for finding in findings)
