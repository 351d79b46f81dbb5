"""The public names, and what importing the package costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import obverse

NAMES = {
    "Answer",
    "Candidate",
    "Catalogue",
    "CatalogueError",
    "Client",
    "Evidence",
    "Item",
    "Limits",
    "ObverseError",
    "Photo",
    "PhotoError",
    "UsageError",
    "View",
    "__version__",
    "identify",
}


def test_the_public_names_are_these_and_no_more() -> None:
    assert set(obverse.__all__) == NAMES
    assert len(NAMES) <= 15
    assert set(dir(obverse)) == NAMES
    for name in NAMES:
        assert getattr(obverse, name) is not None


def test_no_other_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = obverse.nope


def test_importing_is_light() -> None:
    code = "import obverse, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"numpy", "cv2", "onnxruntime", "lancedb", "pyarrow", "PIL", "rich", "typer"}
    assert not heavy & set(loaded)
