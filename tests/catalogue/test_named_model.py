"""A catalogue that names its model: here copies of the shipped one, one with another map step."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse.catalogue.catalogue import Catalogue
from obverse.errors import CatalogueMismatch, ModelError
from obverse.evaluate.engine import Own
from obverse.mint import coin_type, scan
from obverse.types import U8


def copy_model(folder: Path, map_step: float | None = None) -> Path:
    """The shipped model in a folder of its own; another step of the map is another model."""
    shipped = Path(str(resources.files("obverse"))) / "models"
    card = json.loads((shipped / "polar.json").read_text("utf-8"))
    folder.mkdir()
    shutil.copy(shipped / card["file"], folder)
    card["map_step"] = map_step or card["map_step"]
    (folder / "polar.json").write_text(json.dumps(card), "utf-8")
    return folder / "polar.json"


def coin(number: int) -> U8:
    return scan(coin_type(7, number), "obverse", size=240)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{n}.png" for n in range(3)]
    for n, path in enumerate(paths):
        cv2.imwrite(str(path), coin(n))
    return paths


def test_it_is_used_from_then_on_and_never_mixed(tmp_path: Path, photos: list[Path]) -> None:
    card = copy_model(tmp_path / "model", 0.2)
    with Catalogue(tmp_path / "c.obv", embedder=card) as made:
        assert made.add(photos).added == 3
        model = made.info()["models"]["embedder"]
    assert Own(embedder=card).models()["embedder"] == model
    assert Own().models()["embedder"] != model
    with Catalogue(tmp_path / "c.obv") as again:
        assert again.info()["embedder"] == str(card)
        best = again.identify(np.rot90(coin(2)).copy()).best
        assert best is not None
        assert best.item.id == "2"
    with Catalogue(tmp_path / "plain.obv") as plain:
        plain.add(photos)
        assert "embedder" not in plain.info()
    with pytest.raises(CatalogueMismatch, match="cannot be mixed"):
        Catalogue(tmp_path / "plain.obv", embedder=card)
    with pytest.raises(CatalogueMismatch, match="cannot be mixed"):
        Catalogue(tmp_path / "c.obv", embedder=copy_model(tmp_path / "other", 0.3))
    with Catalogue(tmp_path / "c.obv") as again:
        assert again.info()["embedder"] == str(card), "what was refused is not noted"


def test_a_model_that_moved(tmp_path: Path, photos: list[Path]) -> None:
    card, place = copy_model(tmp_path / "model"), tmp_path / "c.obv"
    with Catalogue(place, embedder=card) as made:
        made.add(photos)
    moved = tmp_path / "elsewhere" / "polar.json"
    card.parent.rename(moved.parent)
    with pytest.raises(ModelError, match="is not there; put it back, or say where it is"):
        Catalogue(place)
    with Catalogue(place, any_model=True) as looked_at:
        assert len(looked_at.items()) == 3
    with Catalogue(place, embedder=moved) as told:
        assert told.identify(coin(1)).best is not None
    with Catalogue(place) as remembered:
        assert remembered.info()["embedder"] == str(moved)


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"file": "polar.onnx"}'])
def test_a_card_that_is_none(tmp_path: Path, text: str) -> None:
    card = copy_model(tmp_path / "model")
    card.write_text(text, "utf-8")
    with pytest.raises(ModelError, match="no card of a polar model"):
        Catalogue(tmp_path / "c.obv", embedder=card)
    assert not (tmp_path / "c.obv").exists()


def test_a_model_that_is_none_or_of_another_version(tmp_path: Path) -> None:
    card = copy_model(tmp_path / "model")
    (card.parent / "polar.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="damaged"):
        Catalogue(tmp_path / "c.obv", embedder=card)
    data = json.loads(card.read_text("utf-8"))
    data["preprocessing"]["version"] = 99
    card.write_text(json.dumps(data), "utf-8")
    with pytest.raises(ModelError, match="other preprocessing"):
        Catalogue(tmp_path / "c.obv", embedder=card)


def test_a_layer_of_another_model_is_refused(tmp_path: Path, photos: list[Path]) -> None:
    import numpy as np

    from obverse.layer import Layer

    with Catalogue(tmp_path / "c.obv") as made:
        made.add(photos)
        eye = np.eye(2, dtype=np.float32)
        made.store.put_blob("layer", Layer(eye, eye, 1.0, "polar-of-another", {}).to_bytes())
    with pytest.raises(CatalogueMismatch, match="--off"):
        Catalogue(tmp_path / "c.obv")
