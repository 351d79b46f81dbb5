"""The wheel, built and installed into an empty environment, does the main job."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from obverse import __version__
from tests.e2e.conftest import run_command

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", out, ROOT],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


def test_the_wheel_holds_all_that_is_needed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
    source = ROOT / "src"
    needed = {
        path.relative_to(source).as_posix()
        for path in (source / "obverse").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert needed <= held
    assert any(name.endswith("LICENSE") for name in held)
    assert not [name for name in held if name.startswith(("tests", "docs", "examples"))]


def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    folder = venv / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [folder / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, wheel], check=True, timeout=600)
    subprocess.run([folder / "python", "-m", "pip", "check"], check=True)
    command = folder / "obverse"

    def run(*args: object) -> str:
        done = run_command(*args, command=command, cwd=tmp_path)
        assert done.code == 0, done.err
        return done.out

    assert run("--version") == f"obverse {__version__}\n"
    run("mint", "coins", "--types", 2, "--photos", 1)
    protocol = next((tmp_path / "coins").rglob("protocol.csv"))
    rows = [line.split(",") for line in protocol.read_text(encoding="utf-8").splitlines()]
    photo, role, item = (rows[0].index(name) for name in ("photo", "role", "item"))
    for row in rows[1:]:
        if row[role] == "catalogue":
            run("add", "coins.obv", protocol.parent / row[photo], "--item", row[item])
    query = next(row for row in rows[1:] if row[role] == "query")
    out = run("identify", "coins.obv", protocol.parent / query[photo], "--draw", "answer.jpg")
    assert query[item] in out
    assert (tmp_path / "answer.jpg").stat().st_size > 20_000
