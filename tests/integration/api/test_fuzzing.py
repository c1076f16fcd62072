"""Whatever the contract allows or forbids is sent; every answer is held to the contract."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.contract import FILE
from tests.integration.api.conftest import OpenApi, ready

# What starts and stops processes, what takes a while by design, what never ends.
LEFT_OUT = ("/server", "/trials", "/events")

# Every one of the 249 countries would be a case of its own, and tell nothing that three do not.
COUNTRIES = ["AF", "DE", "ZW"]


# To break every constraint of the contract, one by one, takes longer than all the rest together.
QUICK = ("fuzzing,stateful", 2)
THOROUGH = pytest.param("examples,coverage,fuzzing,stateful", 25, marks=pytest.mark.slow)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("phases", "examples"), [QUICK, THOROUGH], ids=["quick", "thorough"])
def test_the_api_keeps_its_contract_whatever_is_sent(
    open_api: OpenApi, tmp_path: Path, phases: str, examples: int
) -> None:
    # Orders that wait for a reviewer may be told everything, and cost little.
    api = ready(open_api(review_mode="manual"))
    contract = contract_with_few_countries()
    (tmp_path / FILE.name).write_text(json.dumps(contract), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "run", FILE.name, f"--url={api.url}"]
    command += ["--checks=all", f"--phases={phases}", "--mode=all"]
    command += [f"--max-examples={examples}", "--seed=1", "--request-timeout=20", "--no-color"]
    command += ["--suppress-health-check=all", f"--exclude-path-regex=^({'|'.join(LEFT_OUT)})"]

    ran = subprocess.run(command, cwd=tmp_path, env=with_hooks(), capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert f"Tested: {operations_in(contract)}\n" in ran.stdout
    assert "Stateful (in" in ran.stdout


def contract_with_few_countries() -> dict[str, Any]:
    contract: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    country = contract["components"]["schemas"]["AddressBody"]["properties"]["country"]
    assert set(COUNTRIES) < set(country["enum"])
    country["enum"] = COUNTRIES
    return contract


def with_hooks() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(FILE.parent),
        "SCHEMATHESIS_HOOKS": "tests.integration.api.fresh_keys",
    }


def operations_in(contract: dict[str, Any]) -> int:
    """How many operations are not left out."""
    found = contract["paths"].items()
    return sum(len(operations) for path, operations in found if not path.startswith(LEFT_OUT))
