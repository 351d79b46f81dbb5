"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


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
