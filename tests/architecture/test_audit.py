"""An audit that finds something fails, whatever else it says; it is left out only without a network."""

import json
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.architecture.audit import OutOfReach, holes_in

SOUND = {"name": "sound", "version": "1", "vulns": []}
HOLED = {"name": "holed", "version": "1", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown"}


def report(*parts: dict[str, Any]) -> "CompletedProcess[str]":
    return CompletedProcess([], 1, json.dumps({"dependencies": parts, "fixes": []}), "")


def broken_off(told: str) -> "CompletedProcess[str]":
    return CompletedProcess([], 1, "", told)


def test_each_known_hole_is_named() -> None:
    assert holes_in(report(SOUND, HOLED)) == ["holed: PYSEC-2026-1"]
    assert holes_in(report(SOUND)) == []


def test_a_hole_is_found_among_what_nobody_looked_at() -> None:
    assert holes_in(report(UNKNOWN, HOLED)) == [
        "holed: PYSEC-2026-1",
        f"unknown: {UNKNOWN['skip_reason']}",
    ]


def test_where_some_were_looked_at_the_others_count_as_holes() -> None:
    assert holes_in(report(SOUND, UNKNOWN)) == [f"unknown: {UNKNOWN['skip_reason']}"]


@pytest.mark.parametrize(
    "without_a_network",
    [
        report(UNKNOWN, UNKNOWN),
        broken_off("ERROR: Could not connect to PyPI's vulnerability feed\n"),
        broken_off("requests.exceptions.ProxyError: HTTPSConnectionPool: Max retries exceeded with url\n"),
        broken_off("requests.exceptions.ReadTimeout: HTTPSConnectionPool: Read timed out.\n"),
    ],
)
def test_without_a_network_nothing_is_said_of_holes(without_a_network: "CompletedProcess[str]") -> None:
    with pytest.raises(OutOfReach):
        holes_in(without_a_network)


@pytest.mark.parametrize(
    "told", ["", "error: unrecognized arguments: --requirments", "No module named pip_audit"]
)
def test_an_audit_that_breaks_off_for_another_reason_fails(told: str) -> None:
    with pytest.raises(AssertionError):
        holes_in(broken_off(told))
