"""What TEMPORAL_* say is looked at before anything starts, and a mistake is one line."""

from pathlib import Path

import pytest

from config.settings import BadSettings, Settings
from engine.connection import check_configuration, temporal_address

PROFILES = '[profile.near]\naddress = "near:7233"\n[profile.nowhere]\nnamespace = "n"\n'


@pytest.fixture
def profiles(tmp_path: Path) -> str:
    file = tmp_path / "temporal.toml"
    file.write_text(PROFILES)
    return str(file)


def configured(**named: str) -> Settings:
    settings = Settings(temporal_environment=named)
    check_configuration(settings)
    return settings


def mistake(**named: str) -> str:
    with pytest.raises(BadSettings) as caught:
        configured(**named)
    [line] = caught.value.mistakes
    assert "\n" not in line
    return line


def test_the_embedded_server_needs_none() -> None:
    assert temporal_address(configured()) == "127.0.0.1:7233"


def test_an_address_or_a_profile_names_the_server(profiles: str) -> None:
    assert temporal_address(configured(TEMPORAL_ADDRESS="far:7233")) == "far:7233"
    by_profile = configured(TEMPORAL_CONFIG_FILE=profiles, TEMPORAL_PROFILE="near")
    assert temporal_address(by_profile) == "near:7233"


def test_a_file_that_is_not_there_is_named() -> None:
    assert (
        mistake(TEMPORAL_CONFIG_FILE="nowhere.toml") == "TEMPORAL_CONFIG_FILE: there is no file nowhere.toml"
    )
    assert "nowhere.pem" in mistake(
        TEMPORAL_ADDRESS="far:7233",
        TEMPORAL_TLS_CLIENT_CERT_PATH="nowhere.pem",
        TEMPORAL_TLS_CLIENT_KEY_PATH="nowhere.key",
    )


def test_a_profile_that_is_not_there_is_named(profiles: str) -> None:
    assert "'far'" in mistake(TEMPORAL_CONFIG_FILE=profiles, TEMPORAL_PROFILE="far")


def test_a_profile_must_say_where_the_server_is(profiles: str) -> None:
    assert mistake(TEMPORAL_CONFIG_FILE=profiles, TEMPORAL_PROFILE="nowhere").startswith("TEMPORAL_ADDRESS:")
