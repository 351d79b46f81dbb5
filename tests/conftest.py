"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with real pictures; skips where it is absent."""
    if not (DATA / "protocols").is_dir():
        pytest.skip(f"real pictures are absent: {DATA}")
    return DATA
