"""The commands that look by words: what they print, write and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("transformers")
pytest.importorskip("torch")

from obverse.cli.words import classify
from obverse.zoo import hub, text
from tests.zoo.tiny import picture

Tiny = Callable[[str], Path]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Two photos and, between them, a file that is none."""
    paths = [tmp_path / f"{name}.png" for name in ("one", "bad", "two")]
    Image.fromarray(picture(1, 60, 90)).save(paths[0])
    paths[1].write_bytes(b"nothing of use")
    Image.fromarray(picture(2, 50, 50)).save(paths[2])
    return paths


def test_classify(run: Any, tiny: Tiny, photos: list[Path]) -> None:
    model = tiny("clip")
    asked = ("classify", photos[0], "--labels", "coin, medal", "--model", model)
    code, out, err = run(*asked)
    assert (code, err) == (0, "")
    (one,) = text.classify([photos[0]], ["coin", "medal"], model=str(model))
    shares = ", ".join(f"{label} {share:.3f}" for label, share in one.labels)
    assert out == f"{photos[0]}: {shares}\n"
    code, out, _ = run(*asked, "--template", "{} photo", "--device", "cpu", "--json")
    assert code == 0
    (one,) = text.classify([photos[0]], ["coin", "medal"], template="{} photo", model=str(model))
    assert json.loads(out) == one.to_dict()


def test_the_help_names_the_template_in_use() -> None:
    assert classify.__defaults__ is not None
    assert text.TEMPLATE in classify.__defaults__


def test_detect_goes_on_after_a_bad_photo(
    run: Any, tiny: Tiny, photos: list[Path], tmp_path: Path
) -> None:
    asked = ("detect", *photos, "--prompt", "coin", "--prompt", "medal", "--model", tiny("owlvit"))
    code, out, err = run(*asked, "--draw", tmp_path / "drawn", "--json")
    assert code == 1
    assert err.splitlines()[0].startswith(f"{photos[1]}: not a picture")
    assert err.splitlines()[-1] == "1 of 3 photos could not be used"
    first, bad, second = json.loads(out)
    assert bad["error"] == "NotAPhoto"
    assert first["photo"]["source"] == str(photos[0])
    assert second["photo"]["source"] == str(photos[2])
    assert {o["prompt"] for o in first["objects"]} <= {"coin", "medal"}
    assert first["objects"]
    assert sorted(p.name for p in (tmp_path / "drawn").iterdir()) == ["one.jpg", "two.jpg"]
    code, out, _ = run(*asked, "--threshold", "0.999")
    assert code == 1
    assert out == f"{photos[0]}: 0 objects\n{photos[2]}: 0 objects\n"


def test_segment_writes_the_mask_and_the_overlay(
    run: Any, tiny: Tiny, photos: list[Path], tmp_path: Path
) -> None:
    mask, drawn, model = tmp_path / "mask.png", tmp_path / "drawn.png", tiny("clipseg")
    asked = ("segment", photos[0], "--prompt", "the coin", "--model", model)
    code, out, err = run(*asked, "--mask", mask, "--draw", drawn)
    assert (code, err) == (0, "")
    (one,) = text.segment([photos[0]], "the coin", model=str(model))
    with Image.open(mask) as written:
        assert written.mode == "L"
        np.testing.assert_array_equal(np.asarray(written), one.image())
    with Image.open(drawn) as written:
        assert written.width == 1600
    assert out.splitlines()[0] == (
        f"{photos[0]}: {len(one.objects)} object{'s' * (len(one.objects) != 1)}, "
        f"{100 * float(one.mask.mean()):.1f} % of the photo"
    )
    code, out, _ = run(*asked, "--json")
    assert json.loads(out)["share"] == pytest.approx(float(one.mask.mean()), abs=1e-5)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("classify", "{one}", "--labels", " ,", "--model", "{clip}"), 2, "an empty label"),
        (("classify", "{one}", "--labels", "coin", "--template", "x"), 2, "no place for the label"),
        (("classify", "{one}", "--labels", "coin", "--device", "tpu"), 2, "unknown device 'tpu'"),
        (("detect", "{one}", "--prompt", " "), 2, "an empty prompt"),
        (("detect", "{one}", "--prompt", "coin", "--model", "./nope"), 1, "./nope: no such folder"),
        (("detect", "{one}", "--prompt", "coin", "--model", "{clip}"), 1, "cannot do this"),
        (("detect", "{one}", "--prompt", "coin", "--draw", "{one}"), 2, "is the photo itself"),
        (("detect", "{one}", "--prompt", "coin", "--draw", "x.gif"), 2, "cannot write a .gif"),
        (("segment", "{one}", "--prompt", "coin", "--mask", "m.jpg"), 2, "a mask is a .png file"),
        (("segment", "{one}", "{two}", "--prompt", "x", "--mask", "m.png"), 2, "name a folder"),
    ],
)
def test_what_is_refused(
    run: Any, tiny: Tiny, photos: list[Path], args: tuple[str, ...], code: int, said: str
) -> None:
    names = {"one": photos[0], "two": photos[2], "clip": tiny("clip")}
    got, out, err = run(*(arg.format(**names) if "{" in arg else arg for arg in args))
    assert (got, out) == (code, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_without_the_extra(run: Any, photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "find_spec", lambda name: None)
    for asked in (
        ("classify", photos[0], "--labels", "coin"),
        ("detect", photos[0], "--prompt", "coin"),
        ("segment", photos[0], "--prompt", "coin"),
        ("find", photos[0], "--finder", "owlvit:coin"),
    ):
        code, out, err = run(*asked)
        assert (code, out) == (1, "")
        assert err.endswith("needs torch; pip install 'obverse[zoo]'\n")


def test_find_with_a_finder_by_name(run: Any, tiny: Tiny, photos: list[Path]) -> None:
    name = f"owlvit:coin@{tiny('owlvit')}"
    code, out, _ = run("find", photos[0], "--finder", name, "--json")
    assert code == 0
    assert {region["finder"] for region in json.loads(out)["regions"]} == {name}
    code, _, err = run("find", photos[0], "--finder", "owl:coin")
    assert code == 2
    assert "write FAMILY:PROMPT with one of: owlvit, owlv2" in err


def test_zoo_export(run: Any, tiny: Tiny, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    code, out, err = run("zoo", "export", f"hf:{tiny('resnet')}", tmp_path / "out")
    card = tmp_path / "out" / "resnet-pooled.json"
    assert code == 0
    assert out.startswith(f"{card}: 0.0 MB, 16 numbers, differs from torch by ")
    assert err == f"use it: obverse add CATALOGUE PHOTOS --embedder onnx:{card}\n"
    code, out, _ = run("zoo", "export", f"hf:{tiny('resnet')}:gem", tmp_path / "out", "--json")
    assert code == 0
    assert json.loads(out)["card"] == str(tmp_path / "out" / "resnet-gem.json")
    code, out, err = run("zoo", "export", "hf:./nope", tmp_path / "out")
    assert (code, out) == (1, "")
    assert "./nope: no such folder" in err
