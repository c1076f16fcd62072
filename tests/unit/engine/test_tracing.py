import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import BadSettings, Settings, load_settings
from engine.connection import check_configuration
from engine.tracing import NEEDED, tracing_interceptors

NOWHERE = Path("nowhere")


def traced() -> Settings:
    return load_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, NOWHERE)


@pytest.mark.parametrize("missing", NEEDED)
def test_traces_without_the_extra_are_a_mistake_that_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(BadSettings) as caught:
        check_configuration(traced())

    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"OTEL_EXPORTER_OTLP_ENDPOINT: needs {missing}")
    assert "requirements-otel.lock" in mistake


def test_traces_with_the_extra_are_carried_through_temporal() -> None:
    check_configuration(traced())

    assert len(tracing_interceptors(traced())) == 1


def test_where_none_are_wanted_nothing_of_the_extra_is_loaded() -> None:
    """In a process of its own: here another test may have loaded it."""
    asked = (
        "import sys, main, workers.process; from config.settings import Settings;"
        "from engine.tracing import tracing_interceptors; from observability.tracing import begin_tracing;"
        "begin_tracing(Settings(), 'x'); assert tracing_interceptors(Settings()) == [];"
        "print('opentelemetry.sdk' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert told.stdout == "False\n"


def test_a_file_may_say_where_traces_go(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OTEL_EXPORTER_OTLP_ENDPOINT=http://there\nOTEL_EXPORTER_OTLP_HEADERS=a=b\n")
    file.chmod(0o600)

    settings = load_settings({}, file)

    assert settings.is_traced
    assert settings.otel_environment["OTEL_EXPORTER_OTLP_HEADERS"] == "a=b"
