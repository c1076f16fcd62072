"""Ids are given out before they are committed: a lower one may appear after a higher one."""

from datetime import UTC, datetime, timedelta

import pytest

from api.feed import LATE_COMMITS_WITHIN, Told, without_late_commits

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LONG_AGO = NOW - 2 * LATE_COMMITS_WITHIN


def events(ids: list[int], at: datetime) -> list[Told]:
    return [Told(id=id_, at=at, owner="ada", message=b"") for id_ in ids]


def told(found: list[Told]) -> list[int]:
    return [event.id for event in without_late_commits(found, after=7, at=NOW)]


def test_without_a_gap_all_is_told() -> None:
    assert told(events([8, 9, 10], NOW)) == [8, 9, 10]


@pytest.mark.parametrize(("ids", "expected"), [([8, 10, 11], [8]), ([9, 10], [])])
def test_what_comes_after_a_fresh_gap_waits_for_it(ids: list[int], expected: list[int]) -> None:
    assert told(events(ids, NOW - timedelta(milliseconds=100))) == expected


def test_a_gap_that_nobody_filled_in_time_stays_one() -> None:
    assert told([*events([9, 12], LONG_AGO), *events([13], NOW)]) == [9, 12, 13]


def test_an_old_gap_does_not_excuse_a_fresh_one() -> None:
    assert told([*events([9], LONG_AGO), *events([11], NOW)]) == [9]
