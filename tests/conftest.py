"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from obverse import cli
from obverse.cli.console import MODE

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# The same cases in every run, however slow the machine; HYPOTHESIS=default looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS", "same"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with real pictures; skips where it is absent."""
    if not (DATA / "protocols").is_dir():
        pytest.skip(f"real pictures are absent: {DATA}")
    return DATA


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model of ``tests.zoo.tiny``, made when first asked for."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tests.zoo import tiny as models

    root = tmp_path_factory.mktemp("models")

    def get(name: str) -> Path:
        folder = root / name
        return folder if folder.is_dir() else models.MODELS[name](folder)

    return get


@pytest.fixture
def run(monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command in this process: (code, out, err)."""

    def call(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["obverse", *map(str, args)])
        monkeypatch.setattr(MODE, "json", False)
        monkeypatch.setattr(MODE, "goes_on", "the same command goes on")
        code = 0
        try:
            cli.main()
        except SystemExit as done:
            code = int(done.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call
