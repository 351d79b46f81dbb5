"""Where models are looked for: the cache first, the hub only after it, and no long waits."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.coins import face
from tests.e2e.conftest import Run

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    from PIL import Image

    Image.fromarray(face(1, 64)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def nowhere(home: Path) -> dict[str, str]:
    """An empty cache, and a hub that refuses every connection."""
    return {"HF_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}


def test_neither_cached_nor_reachable(run: Run, photo: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    begun = time.perf_counter()
    done = run("classify", photo, "--labels", "coin,medal", env=nowhere(tmp_path / "home"))
    assert time.perf_counter() - begun < 60
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "obverse: openai/clip-vit-base-patch32: it is no folder and not in the cache "
        f"{tmp_path / 'home' / 'hub'}, and the hub cannot be reached; where there is a network, "
        "run: hf download openai/clip-vit-base-patch32; or give the folder that holds it\n"
    )


def test_what_is_cached_needs_no_network(
    run: Run, photo: Path, tmp_path: Path, tiny: Callable[[str], Path]
) -> None:
    model = tmp_path / "home" / "hub" / "models--owner--coins"
    shutil.copytree(tiny("clip"), model / "snapshots" / ("0" * 40))
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("0" * 40)
    asked = ("classify", photo, "--labels", "coin,medal", "--model", "owner/coins")
    done = run(*asked, env=nowhere(tmp_path / "home"))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{photo}: ")
