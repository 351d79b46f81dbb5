"""The command, run in this process."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from obverse import cli
from obverse.cli.console import MODE


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
