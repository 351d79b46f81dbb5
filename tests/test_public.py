"""The public names, and what importing the package costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="knows where Linux keeps it")
@pytest.mark.parametrize("wanted", [None, "1"])
def test_models_are_run_without_telling_anybody(tmp_path: Path, wanted: str | None) -> None:
    """The runtime would keep a number for this machine, and what it is to send, in the home."""
    code = "import obverse; from obverse.embed.polar import PolarEmbedder; PolarEmbedder()"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ORT_"))}
    env |= {"HOME": str(tmp_path)} | ({} if wanted is None else {"ORT_DISABLE_TELEMETRY": wanted})
    subprocess.run([sys.executable, "-c", code], check=True, env=env, timeout=120)
    assert not list(tmp_path.rglob("*"))
