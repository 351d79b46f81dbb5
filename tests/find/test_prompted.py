"""Finders that are told what to look for, on tiny models: which boxes does not matter here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("torch")

from obverse import find
from obverse.catalogue.catalogue import Catalogue
from obverse.errors import CatalogueMismatch, ModelError, UsageError
from obverse.mint import coin_type, scan
from obverse.photo import load
from obverse.types import U8
from obverse.zoo import text

Tiny = Callable[[str], Path]


def coin(number: int) -> U8:
    return scan(coin_type(7, number), "obverse", size=240)


@pytest.mark.parametrize("family", ["owlvit", "owlv2", "grounding-dino"])
def test_boxes(tiny: Tiny, family: str) -> None:
    folder = tiny(family.replace("-", "_"))
    finder = find.get(f"{family}:a  coin@{folder}")
    assert finder.name == f"{family}:a coin@{folder}"
    photo = load(coin(1))
    regions = finder.find(photo)
    there = text.detect([photo], ["a coin"], model=str(folder))[0].objects
    assert {r.box for r in regions} == {r.box for _, r in there}
    assert all(r.finder == finder.name and not r.whole for r in regions)
    sizes = [r.score * np.sqrt((r.box[2] - r.box[0]) * (r.box[3] - r.box[1])) for r in regions]
    assert sizes == sorted(sizes, reverse=True)


def test_outlines(tiny: Tiny) -> None:
    finder = find.get(f"clipseg:the coin@{tiny('clipseg')}")
    photo = load(coin(1))
    for region in finder.find(photo):
        assert region.outline is not None
        x0, y0, x1, y1 = region.box
        low, high = region.outline.min(axis=0), region.outline.max(axis=0)
        np.testing.assert_allclose([*low, *high], (x0, y0, x1 - 1, y1 - 1), atol=2)


def test_nothing_found_is_the_whole_picture(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "FOUND", 1.0)
    (region,) = find.get(f"owlvit:coin@{tiny('owlvit')}").find(load(coin(1)))
    assert (region.whole, region.box) == (True, (0.0, 0.0, 240.0, 240.0))


@pytest.mark.parametrize("name", ["owlvit:", "owlvit: @x", "yolo:coin", "owl"])
def test_names_that_make_no_sense(name: str) -> None:
    with pytest.raises(UsageError, match="unknown finder"):
        find.get(name)


def test_a_catalogue_remembers_its_finder(tiny: Tiny, tmp_path: Path) -> None:
    place, name = tmp_path / "c.obv", f"owlvit:coin@{tiny('owlvit')}"
    with Catalogue(place, finder=name) as made:
        for number in range(2):
            (tmp_path / f"{number}.png").write_bytes(_png(coin(number)))
        assert made.add([tmp_path / "0.png", tmp_path / "1.png"]).added == 2
        assert made.info()["finder"] == name
        assert {view.region["finder"] for view in made.views()} == {name}
    with Catalogue(place) as again:
        answer = again.identify(coin(1))
        assert answer.patch.region.finder == name
        assert answer.best is not None
        assert answer.best.item.id == "1"
    with Catalogue(place, finder=name) as told:
        assert told.info()["finder"] == name
    with pytest.raises(CatalogueMismatch, match=r"its finder is owlvit:coin@.*not classical"):
        Catalogue(place, finder="classical")
    with Catalogue(tmp_path / "plain.obv") as plain:
        plain.add(tmp_path / "0.png")
        assert "finder" not in plain.info()
    with pytest.raises(CatalogueMismatch, match="its finder is unet, not owlvit:coin"):
        Catalogue(tmp_path / "plain.obv", finder=name)


def test_a_finder_that_cannot_be_loaded_leaves_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        Catalogue(tmp_path / "c.obv", finder=f"owlvit:coin@{tmp_path}/nope")
    assert not (tmp_path / "c.obv").exists()


def _png(pixels: U8) -> bytes:
    import cv2

    return cv2.imencode(".png", pixels[..., ::-1].copy())[1].tobytes()
