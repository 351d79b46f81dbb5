"""The public names, and what importing the package costs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import obverse
from obverse.photo import load
from tests.coins import face

ROOT = Path(__file__).parents[1]
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


def kept_by_the_runtime(home: Path) -> list[str]:
    """The files that running a model leaves in a home: a number for this machine, and what is to be
    sent with it."""
    code = "import obverse; from obverse.embed.polar import PolarEmbedder; PolarEmbedder()"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ORT_"))}
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, env={**env, "HOME": str(home)}, timeout=120)
    return [path.name for path in home.rglob("*") if path.is_file()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="knows where Linux keeps it")
def test_models_are_run_without_telling_anybody(tmp_path: Path) -> None:
    assert kept_by_the_runtime(tmp_path) == []


@pytest.mark.parametrize(("told", "kept"), [(None, "1"), ("0", "0")])
def test_whoever_wants_the_runtime_to_tell_is_not_hindered(told: str | None, kept: str) -> None:
    env = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    env |= {} if told is None else {"ORT_DISABLE_TELEMETRY": told}
    code = "import obverse, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, check=True, env=env, capture_output=True, text=True)
    assert said.stdout.strip() == kept


def test_documented_programs_have_sound_types(tmp_path: Path) -> None:
    for name in ("README.md", "docs/api.md", "docs/text.md", "docs/zoo.md"):
        text = (ROOT / name).read_text("utf-8")
        for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)):
            (tmp_path / f"{Path(name).stem}_{number}.py").write_text(code, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-warn-unused-configs"]
    done = subprocess.run(
        [*command, *map(str, sorted(tmp_path.glob("*.py")))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "no issues found in 5 source files" in done.stdout


def test_what_holds_pictures_is_shown_in_short(tmp_path: Path) -> None:
    photo = load(face(1, 256))
    with obverse.Catalogue(tmp_path / "c.obv") as catalogue:
        catalogue.add(photo, item="a")
        answer = catalogue.identify(photo)
        shown = (answer, answer.patch, catalogue.views(), catalogue.identify_all(photo))
        assert all(len(repr(one)) < 2500 for one in shown)
        assert repr(catalogue) == f"Catalogue({str(tmp_path / 'c.obv')!r})"
    assert repr(obverse.Client("localhost:1/", key="secret")) == "Client('localhost:1')"
