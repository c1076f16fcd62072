import os
import stat

import pytest

from bootstrap.env_file import variables, write_env_file
from bootstrap.places import Places


def test_env_is_made_from_its_example_for_its_owner_s_eyes_only(places: Places) -> None:
    write_env_file(places)

    made = places.root / ".env"
    assert made.read_bytes() == (places.root / ".env.example").read_bytes()
    assert os.name == "nt" or stat.S_IMODE(made.stat().st_mode) == 0o600


def test_an_env_that_is_there_stays_as_it_is(places: Places) -> None:
    (places.root / ".env").write_text("NAME=mine\n")

    write_env_file(places)

    assert (places.root / ".env").read_text() == "NAME=mine\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"TEMPORAL_CLI=C:\\t\\temporal.exe\r\n", {"TEMPORAL_CLI": "C:\\t\\temporal.exe"}),
        (b"\xef\xbb\xbfA=1\nB = 2\n", {"A": "1", "B": "2"}),
        (b"A='with space'\nB=\"x=y\"\n", {"A": "with space", "B": "x=y"}),
        (b"#A=1\n  # B=2\n\nnothing here\nC=\n", {}),
    ],
)
def test_plain_lines_of_env_are_read(text: bytes, found: dict[str, str], places: Places) -> None:
    (places.root / ".env").write_bytes(text)

    assert variables(places, {}) == found


def test_an_env_that_is_not_utf_8_is_left_to_its_real_reader_to_refuse(places: Places) -> None:
    (places.root / ".env").write_text("A=1\n", encoding="utf-16")

    assert "A" not in variables(places, {})


def test_the_environment_wins_over_env(places: Places) -> None:
    (places.root / ".env").write_text("A=1\nB=2\n")

    assert variables(places, {"A": "3", "C": ""}) == {"A": "3", "B": "2"}
