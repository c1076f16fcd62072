"""Settings are read once; every mistake is one line that names its variable."""

import os
from pathlib import Path

import pytest

from config.api_keys import Scope
from config.settings import BadSettings, Settings, load_settings

ADAS = f"ada=orders:read,orders:write={'0' * 64}"

NOWHERE = Path("there-is-no-such-file")


def load(**environment: str) -> Settings:
    return load_settings(environment, NOWHERE)


def mistakes(**environment: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(**environment)
    return caught.value.mistakes


def test_without_any_variable_the_defaults_hold() -> None:
    settings = load()

    assert (settings.api_host, settings.api_port) == ("127.0.0.1", 8000)
    assert settings.hedges is None
    assert settings.database_url.startswith("sqlite:///")
    assert settings.uses_embedded_temporal


def test_every_mistake_is_told_at_once_a_line_each() -> None:
    assert [line.split(":")[0] for line in mistakes(API_PORT="0", HEDGES="many", REVIEW_MODE="perhaps")] == [
        "API_PORT",
        "HEDGES",
        "REVIEW_MODE",
    ]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_without_keys_nobody_but_this_machine_may_reach_the_api(host: str) -> None:
    assert len(mistakes(API_HOST=host)) == 1
    assert load(API_HOST=host, API_KEYS=ADAS, API_NAMES="orders.example").api_host == host


def test_who_listens_everywhere_says_under_which_names() -> None:
    assert [line.split(":")[0] for line in mistakes(API_HOST="0.0.0.0", API_KEYS=ADAS)] == ["API_HOST"]
    assert load(API_NAMES="Orders.example, 192.0.2.1").api_names == ("orders.example", "192.0.2.1")


def test_the_holders_of_keys_are_read() -> None:
    ada, ops = load(API_KEYS=f"{ADAS} ops=admin={'1' * 64}").api_keys

    assert (ada.owner, ada.scopes) == ("ada", frozenset({Scope.READ, Scope.WRITE}))
    assert (ops.owner, ops.scopes) == ("ops", frozenset({Scope.ADMIN}))


@pytest.mark.parametrize(
    "entry", ["hunter2", "ada=root=" + "0" * 64, "ada=admin=hunter2", "=admin=" + "0" * 64]
)
def test_a_key_that_is_none_is_complained_of_and_not_repeated(entry: str) -> None:
    (line,) = mistakes(API_KEYS=f"{ADAS} {entry}")

    assert line.startswith("API_KEYS: entry 2")
    assert "hunter2" not in line


@pytest.mark.parametrize("key", ["hunter2", "aHVudGVyMg==", "\N{LATIN SMALL LETTER E WITH ACUTE}" * 43])
def test_a_payload_key_that_is_none_is_complained_of_and_not_repeated(key: str) -> None:
    (line,) = mistakes(PAYLOAD_KEY=key)

    assert line.startswith("PAYLOAD_KEY: key 1 is not 32 bytes")
    assert key not in line


def test_secrets_are_not_shown() -> None:
    settings = load(API_KEYS=ADAS, PAYLOAD_KEY="A" * 43 + "=")

    assert "ada" not in repr(settings)
    assert "payload_key" not in repr(settings)


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps a user's files from others by itself")
@pytest.mark.parametrize(
    "line",
    [
        f"API_KEYS={ADAS}",
        "PAYLOAD_KEY=" + "A" * 43 + "=",
        "DATABASE_URL=postgresql+psycopg://orders:secret@host/orders",
        "OTEL_EXPORTER_OTLP_HEADERS=authorization=secret",
        "TEMPORAL_ADDRESS=host:7233\nTEMPORAL_API_KEY=secret",
        "TEMPORAL_ADDRESS=host:7233\nTEMPORAL_TLS_CLIENT_KEY_DATA=secret",
    ],
)
def test_a_file_with_a_secret_is_its_owners_alone(tmp_path: Path, line: str) -> None:
    file = tmp_path / ".env"
    file.write_text(line)
    file.chmod(0o640)

    with pytest.raises(BadSettings, match="others may read it; chmod 600"):
        load_settings({}, file)
    file.chmod(0o600)
    load_settings({}, file)


def test_a_file_without_a_secret_may_be_read_by_all(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DATABASE_URL=postgresql+psycopg://orders@host/orders\nAPI_PORT=8001\nAPI_KEYS=\n")
    file.chmod(0o644)

    load_settings({}, file)


@pytest.mark.parametrize("url", ["garbage", "sqlite://", "sqlite:///", "mysql://host/orders"])
def test_a_database_that_cannot_serve_is_refused_before_anything_starts(url: str) -> None:
    assert [line.split(":")[0] for line in mistakes(DATABASE_URL=url)] == ["DATABASE_URL"]


def test_a_password_is_neither_complained_of_nor_shown() -> None:
    assert "secret" not in mistakes(DATABASE_URL="mysql://orders:secret@host/orders")[0]
    assert "secret" not in repr(load(DATABASE_URL="postgresql+psycopg://orders:secret@host/orders"))


@pytest.mark.parametrize("seconds", ["-1", "1e300", "inf", "nan", "soon"])
def test_seconds_that_no_clock_can_count_are_refused(seconds: str) -> None:
    assert len(mistakes(REVIEW_DEADLINE_SECONDS=seconds)) == 1


def test_shares_of_more_than_the_whole_are_refused() -> None:
    assert mistakes(FLAKY_FAIL="0.6", FLAKY_HANG="0.6") == [
        "settings: FLAKY_FAIL + FLAKY_HANG is more than 1"
    ]


def test_another_server_is_another_server() -> None:
    assert not load(TEMPORAL_ADDRESS="elsewhere:7233").uses_embedded_temporal
    assert load(TEMPORAL_PORT="7999").uses_embedded_temporal


@pytest.mark.parametrize("name", ["TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_TLS_CLIENT_CERT_PATH"])
def test_what_belongs_to_a_server_that_is_not_named_is_a_mistake(name: str) -> None:
    assert mistakes(**{name: "secret"}) == [
        f"settings: {name}: of which server? Set TEMPORAL_ADDRESS or TEMPORAL_PROFILE"
    ]


def test_an_unknown_name_in_the_file_is_a_mistake_with_a_suggestion(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("HEGDES=3\nTEMPORAL_ADDRESS=elsewhere:7233\nTEMPORAL_API_KEY=k\n")
    file.chmod(0o600)

    with pytest.raises(BadSettings) as caught:
        load_settings({}, file)

    assert caught.value.mistakes == ["HEGDES: is not a setting; did you mean HEDGES?"]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_of_another_editor_is_read_all_the_same(tmp_path: Path, start: str, end: str) -> None:
    file = tmp_path / ".env"
    file.write_bytes(f"{start}HEDGES=3{end}API_PORT=9000{end}".encode())

    settings = load_settings({}, file)

    assert (settings.hedges, settings.api_port) == (3, 9000)


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("HEDGES=3".encode("utf-16"))

    with pytest.raises(BadSettings, match=r"\.env: is not UTF-8"):
        load_settings({}, file)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("HEDGES=3\n")

    assert load_settings({"HEDGES": "1"}, file).hedges == 1


def test_a_worker_is_a_build_of_a_deployment_or_just_a_worker() -> None:
    named = {"TEMPORAL_DEPLOYMENT_NAME": "orders", "TEMPORAL_WORKER_BUILD_ID": "41"}

    assert load().worker_version is None
    assert load(**named).worker_version == ("orders", "41")
    assert load(**named).uses_embedded_temporal
    assert len(mistakes(TEMPORAL_WORKER_BUILD_ID="41")) == 1
