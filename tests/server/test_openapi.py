"""The OpenAPI document, held against what the server does by schemathesis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from obverse import errors
from obverse.errors import ObverseError
from obverse.server.errors import STATUS, problem, status_of
from tests.server.conftest import Served

COMMAND = Path(sys.executable).parent / "schemathesis"

pytestmark = pytest.mark.xdist_group("server")


def test_it_does_what_it_documents(server: Served) -> None:
    """``benchmarks/server.py schema`` asks longer. Bytes made up at random are no photos, so that
    they are refused says nothing; and by words nothing is served here."""
    done = subprocess.run(
        [
            *(str(COMMAND), "run", f"{server.url}/openapi.json"),
            *("--exclude-checks", "positive_data_acceptance", "--phases", "coverage,fuzzing"),
            *("--exclude-path-regex", "classify|detect|segment|duplicates|:merge", "--seed", "1"),
            *("--max-examples", "2", "--max-time", "15", "--warnings", "off", "--no-color"),
        ],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "generated" in done.stdout


def test_every_route_is_described(server: Served) -> None:
    told = server.http.get("/openapi.json").json()
    for path, methods in told["paths"].items():
        for method, route in methods.items():
            assert route["summary"], (path, method)
            good = {int(code): what for code, what in route["responses"].items() if code < "400"}
            assert len(good) == 1, (path, method)
            (answer,) = good.values()
            for kind, content in answer.get("content", {}).items():
                if kind == "application/json" and path != "/v1/report":
                    assert "example" in content, (path, method)
            for code in ("401", "403", "422", "429", "501", "503"):
                assert code in route["responses"]
            for code, what in route["responses"].items():
                assert code < "400" or set(what["content"]) == {"application/problem+json"}
    assert told["components"]["schemas"]["Problem"]["required"]
    kinds = {scheme.get("name") for scheme in told["components"]["securitySchemes"].values()}
    assert "X-API-Key" in kinds
    asked = {one["name"]: one for one in told["paths"]["/v1/items"]["get"]["parameters"]}
    filters = asked["attributes"]
    assert (filters["in"], filters["schema"]["type"]) == ("query", "object")


def kinds(root: type[ObverseError] = ObverseError) -> list[type[ObverseError]]:
    return [root, *(k for child in root.__subclasses__() for k in kinds(child))]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_has_its_status(kind: type[ObverseError]) -> None:
    error = kind("what happened", where="/home/me/coins.obv", hint="try this")
    told: dict[str, Any] = problem(error)
    assert told["status"] == status_of(error)
    assert told["code"] == kind.__name__
    nearest = next((k for k in kind.__mro__ if k in STATUS), None)
    assert (told["status"] == 500) == (nearest is None)
    if told["status"] == 500:
        assert "what happened" not in str(told)
    if issubclass(kind, errors.CatalogueError) or told["status"] == 500:
        assert "/home" not in str(told)
