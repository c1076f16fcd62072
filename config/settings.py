"""Every setting of the system: read once from the environment and `.env`, checked, frozen."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from io import StringIO
from pathlib import Path
from stat import S_IRWXG, S_IRWXO
from typing import Annotated, Any, Self

from dotenv import dotenv_values
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from config.api_keys import KeyHolder, read_holders
from config.env_file import mistakes_in
from config.payload_keys import read_payload_keys

Port = Annotated[int, Field(ge=1, le=65535)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
# Longer than any clock here will run, and short enough to be added to a date.
A_CENTURY = 100 * 365 * 24 * 3600

Seconds = Annotated[float, Field(ge=0, le=A_CENTURY, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, le=A_CENTURY, allow_inf_nan=False)]

# The databases there are drivers for; an SQLite one must be a file, which all processes share.
DatabaseUrl = Annotated[str, Field(pattern=r"^(sqlite:///.+|postgresql\+psycopg://.+)$")]

# More connections than a PostgreSQL server has by default would only queue behind each other there.
PoolSize = Annotated[int, Field(ge=1, le=100)]

# What may hold a secret is not repeated in a complaint about it.
SECRET = frozenset({"database_url", "api_keys", "payload_key"})

# A file that sets a name like these, of ours or of a library's, or an address with a password in it, must be
# its owner's alone.
NAME_OF_A_SECRET = re.compile(r"_(KEYS?|KEY_DATA|HEADERS)$")
PASSWORD_IN_A_URL = re.compile(r"^[^/]*://[^/@]*:[^/@]+@")

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# Where one listens under every name and address at once.
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not listened on  # nosec B104

# Read by libraries that have settings of their own; `.env` may hold them too.
FOREIGN_PREFIXES = ("TEMPORAL_", "OTEL_")

# Traces are wanted where this is set.
OTEL_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

# Any of these, and no server of our own is started.
NAMES_OF_ANOTHER_SERVER = frozenset({"TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"})

# Both or none: which build of ours a worker is.
DEPLOYMENT, BUILD = "TEMPORAL_DEPLOYMENT_NAME", "TEMPORAL_WORKER_BUILD_ID"

# These say nothing without one of those.
OF_ANOTHER_SERVER = ("TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_TLS")


class ReviewMode(StrEnum):
    """Who decides when nobody speaks up in time."""

    AUTO = "auto"
    MANUAL = "manual"


class LogFormat(StrEnum):
    """For people or for machines."""

    HUMAN = "human"
    JSON = "json"


class BadSettings(Exception):
    """One line per mistake, fit to be shown as it is."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Settings(BaseModel):
    """The whole configuration; a field's name in capitals is its variable's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Before the host: where it may be depends on them. The workers' part in it is none.
    api_keys: tuple[KeyHolder, ...] = Field(default=(), repr=False, exclude=True)
    api_names: tuple[str, ...] = ()
    api_host: str = "127.0.0.1"
    api_port: Port = 8000
    api_requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 1200
    orders_in_flight: Annotated[int, Field(ge=1, le=1_000_000)] = 60
    payload_key: str = Field(default="", repr=False)
    autostart: bool = True
    data_dir: Path = Path("var")
    database_url: DatabaseUrl = Field(default="", repr=False)
    db_writers: PoolSize = 4
    db_readers: PoolSize = 4
    db_mishaps: Path | None = None
    temporal_port: Port = 7233
    temporal_ui_port: Port = 8233
    temporal_cli: Path | None = None
    hedges: Annotated[int, Field(ge=1, le=100)] | None = None
    hedge_price_seconds: PositiveSeconds = 0.05
    flaky_fail: Share = 0.3333
    flaky_hang: Share = 0.3333
    flaky_latency_seconds: Seconds = 0.0
    flaky_seed: int | None = None
    review_mode: ReviewMode = ReviewMode.AUTO
    review_seconds: Seconds = 2.0
    review_deadline_seconds: PositiveSeconds = 86400.0
    order_budget_seconds: PositiveSeconds = 15.0
    return_window_seconds: Seconds = 300.0
    worker_activities: Annotated[int, Field(ge=1, le=10_000)] = 100
    metrics_port: Port | None = None
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    log_format: LogFormat | None = None

    # The TEMPORAL_* variables as found, for the SDK's own reader of its configuration.
    temporal_environment: Mapping[str, str] = Field(default_factory=dict, repr=False)

    # The OTEL_* variables as found, for the SDK of OpenTelemetry.
    otel_environment: Mapping[str, str] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _keep_the_database_with_the_data(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("database_url"):
            return values
        data_dir = Path(values.get("data_dir") or "var").absolute()
        return {**values, "database_url": f"sqlite:///{data_dir / 'orders.db'}"}

    @field_validator("api_keys", mode="before")
    @classmethod
    def _read_holders(cls, given: Any) -> Any:
        return read_holders(given) if isinstance(given, str) else given

    @field_validator("api_names", mode="before")
    @classmethod
    def _split_names(cls, given: Any) -> Any:
        return tuple(given.lower().replace(",", " ").split()) if isinstance(given, str) else given

    @field_validator("payload_key")
    @classmethod
    def _payload_keys_are_keys(cls, given: str) -> str:
        read_payload_keys(given)
        return given

    @field_validator("api_host")
    @classmethod
    def _strangers_stay_out(cls, host: str, info: ValidationInfo) -> str:
        """Without keys, whoever reaches the API may stop the server and read every order."""
        if host in LOOPBACK:
            return host
        if info.data.get("api_keys") == ():
            raise ValueError("only this machine may reach the API, unless API_KEYS say who else may")
        if host in EVERYWHERE and info.data.get("api_names") == ():
            raise ValueError("set API_NAMES to the names by which the API is reached")
        return host

    @model_validator(mode="after")
    def _the_dice_add_up(self) -> Self:
        if self.flaky_fail + self.flaky_hang > 1:
            raise ValueError("FLAKY_FAIL + FLAKY_HANG is more than 1")
        return self

    @model_validator(mode="after")
    def _another_server_is_named(self) -> Self:
        """What belongs to another server, without its name, was meant for one that is not ours."""
        meant = sorted(name for name in self.temporal_environment if name.startswith(OF_ANOTHER_SERVER))
        if meant and self.uses_embedded_temporal:
            raise ValueError(f"{', '.join(meant)}: of which server? Set TEMPORAL_ADDRESS or TEMPORAL_PROFILE")
        return self

    @model_validator(mode="after")
    def _a_build_is_one_of_a_deployment(self) -> Self:
        if (DEPLOYMENT in self.temporal_environment) != (BUILD in self.temporal_environment):
            raise ValueError(f"{DEPLOYMENT} and {BUILD} are set together or not at all")
        return self

    @property
    def worker_version(self) -> tuple[str, str] | None:
        """The deployment and the build that the workers say they are; None: they are all alike."""
        if DEPLOYMENT not in self.temporal_environment:
            return None
        return self.temporal_environment[DEPLOYMENT], self.temporal_environment[BUILD]

    @property
    def payload_keys(self) -> tuple[bytes, ...]:
        """What Temporal keeps is encrypted with the first, and read with any; none: it is kept as it is."""
        return read_payload_keys(self.payload_key)

    @property
    def is_traced(self) -> bool:
        """Whether traces are sent: there is somewhere to send them."""
        return OTEL_ENDPOINT in self.otel_environment

    @property
    def uses_embedded_temporal(self) -> bool:
        """Whether the server is ours to start: nothing in the environment names another."""
        return not (NAMES_OF_ANOTHER_SERVER & set(self.temporal_environment))


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")) -> Settings:
    """Return the settings of `environ` (default: the process's) over those of `env_file`.

    Raises BadSettings with a line for every mistake, so that all can be mended at once.
    """
    environ = os.environ if environ is None else environ
    in_file = _read_env_file(env_file)
    _keep_for_its_owner(env_file, in_file)
    merged = {**in_file, **environ}
    given = {name: merged[name.upper()] for name in _variables() if merged.get(name.upper(), "").strip()}
    ours = {name.upper() for name in _variables()}
    foreign = {
        f"{prefix.lower()}environment": _of(prefix, merged, besides=ours) for prefix in FOREIGN_PREFIXES
    }
    unknown = [name for name in in_file if name not in ours and not name.startswith(FOREIGN_PREFIXES)]
    mistakes = [_unknown(name) for name in unknown]
    try:
        settings = Settings.model_validate({**given, **foreign})
    except ValidationError as error:
        mistakes += [_describe(detail) for detail in error.errors()]
        raise BadSettings(mistakes) from None
    if mistakes:
        raise BadSettings(mistakes)
    return settings


def _of(prefix: str, merged: Mapping[str, str], besides: set[str]) -> dict[str, str]:
    """The variables that begin with `prefix` and say something."""
    return {k: v for k, v in merged.items() if k.startswith(prefix) and v and k not in besides}


def _variables() -> list[str]:
    return [name for name in Settings.model_fields if not name.endswith("_environment")]


def _read_env_file(env_file: Path) -> dict[str, str]:
    if not env_file.is_file():
        return {}
    try:
        text = env_file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadSettings([f"{env_file}: is not UTF-8 text; save it as UTF-8"]) from None
    if mistakes := [f"{env_file}: {mistake}" for mistake in mistakes_in(text)]:
        raise BadSettings(mistakes)
    return {name: value or "" for name, value in dotenv_values(stream=StringIO(text)).items()}


def _keep_for_its_owner(env_file: Path, in_file: Mapping[str, str]) -> None:
    """Raises BadSettings when others of this machine may read a file that is not for them."""
    secret = [name for name, value in in_file.items() if _is_secret(name, value)]
    if secret and os.name == "posix" and env_file.stat().st_mode & (S_IRWXG | S_IRWXO):
        raise BadSettings([f"{env_file}: holds {secret[0]} and others may read it; chmod 600 {env_file}"])


def _is_secret(name: str, value: str) -> bool:
    return bool((value and NAME_OF_A_SECRET.search(name)) or PASSWORD_IN_A_URL.match(value))


def _unknown(name: str) -> str:
    meant = get_close_matches(name, [known.upper() for known in _variables()], n=1)
    return f"{name}: is not a setting" + (f"; did you mean {meant[0]}?" if meant else "")


def _describe(detail: Any) -> str:
    where = str(detail["loc"][0]).upper() if detail["loc"] else "settings"
    given = "" if not detail["loc"] or detail["loc"][0] in SECRET else f" (given: {detail['input']!r})"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}{given}"
