"""Catalogues made with models of ``transformers``: embedded, searched by words, verified."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

tf = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

from obverse.catalogue.catalogue import Catalogue  # noqa: E402
from obverse.errors import CatalogueMismatch, ModelError, UsageError  # noqa: E402
from obverse.mint import coin_type, scan  # noqa: E402
from obverse.verify import deep  # noqa: E402
from tests.verify.test_local import print_  # noqa: E402

Tiny = Callable[[str], Path]
ITEMS = range(4)


@pytest.fixture(scope="module")
def coins(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of coins, embedded by CLIP."""
    folder = tmp_path_factory.mktemp("coins")
    for number in ITEMS:
        pixels = scan(coin_type(7, number), "obverse", size=200)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    with Catalogue(folder / "c.obv", embedder=f"hf:{tiny('clip')}") as made:
        assert made.add(folder).added == len(ITEMS)
    return folder


def test_a_photo_is_found_by_its_vector(coins: Path, tiny: Tiny) -> None:
    with Catalogue(coins / "c.obv") as opened:
        assert opened.info()["embedder"] == f"hf:{tiny('clip')}"
        assert opened.info()["dim"] == 24
        for number in ITEMS:
            best = opened.identify(coins / f"{number}.png").best
            assert best is not None
            assert best.item.id == str(number)
            assert best.similarity == pytest.approx(1, abs=1e-3)


def test_words_find_what_a_cosine_by_hand_finds(coins: Path, tiny: Tiny, run: Any) -> None:
    model = tf.CLIPModel.from_pretrained(tiny("clip")).eval()
    words = tf.AutoTokenizer.from_pretrained(tiny("clip"))
    orders = set()
    for text in ("eagle", "the reverse of a medal", "banknote photo"):
        with torch.no_grad():
            found = model.get_text_features(**words([text], return_tensors="pt"))
        vector = getattr(found, "pooler_output", found)[0].numpy()
        vector /= np.linalg.norm(vector)
        with Catalogue(coins / "c.obv") as opened:
            views = opened.store.views(embeddings=True)
        cosines = {v.item: float(v.embedding.vector @ vector) for v in views if v.embedding}
        code, out, _ = run("search", coins / "c.obv", "--text", text, "--json")
        assert code == 0
        told = json.loads(out)
        assert told["text"] == text
        order = [f["item"] for f in told["found"]]
        assert order == sorted(cosines, key=lambda item: -cosines[item])
        for f in told["found"]:
            assert f["similarity"] == pytest.approx(cosines[f["item"]], abs=2e-3)
        orders.add(tuple(order))
    assert len(orders) > 1, "words must matter"


def test_the_search_is_drawn(coins: Path, run: Any, tmp_path: Path) -> None:
    drawn = tmp_path / "found.png"
    code, out, _ = run("search", coins / "c.obv", "--text", "eagle", "--top", 2, "--draw", drawn)
    assert code == 0
    assert len(out.splitlines()) == 3
    with Image.open(drawn) as picture:
        assert picture.size == (536, 420), "two pictures beside each other"


def test_words_go_through_what_is_done_to_vectors(coins: Path, tiny: Tiny, tmp_path: Path) -> None:
    place = tmp_path / "c.obv"
    with Catalogue(place, embedder=f"hf:{tiny('clip')}", post="centre") as made:
        made.add(coins)
        mine = made.pipeline.embed_text("eagle")
    with Catalogue(coins / "c.obv") as plain:
        vectors = [v.embedding.vector for v in plain.store.views(embeddings=True) if v.embedding]
        away = plain.pipeline.embed_text("eagle") - np.mean(vectors, axis=0)
    np.testing.assert_allclose(mine, away / np.linalg.norm(away), atol=5e-3)


def test_search_misuse(coins: Path, run: Any, tmp_path: Path) -> None:
    for args in (("search", coins / "c.obv"), ("search", coins / "c.obv", "x.png", "--text", "x")):
        code, _, err = run(*args)
        assert (code, "takes a photo or --text; give one of them" in err) == (2, True)
    code, _, err = run("search", coins / "c.obv", "--text", " ")
    assert (code, "the text is empty" in err) == (2, True)
    with Catalogue(tmp_path / "plain.obv") as plain:
        plain.add(coins / "0.png")
    code, _, err = run("search", tmp_path / "plain.obv", "--text", "eagle")
    assert code == 2
    assert "embedder 'polar' knows no words; make the catalogue with: --embedder hf:" in err


def test_a_model_may_move_but_not_change(coins: Path, tiny: Tiny, tmp_path: Path) -> None:
    place, old = tmp_path / "c.obv", tmp_path / "model"
    shutil.copytree(tiny("resnet"), old)
    with Catalogue(place, embedder=f"hf:{old}:mean") as made:
        made.add(coins / "0.png")
    new = old.rename(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="no such folder"):
        Catalogue(place)
    with Catalogue(place, any_model=True) as looked_at:
        assert len(looked_at.items()) == 1
    with Catalogue(place, embedder=f"hf:{new}:mean"):
        pass
    with Catalogue(place) as again:
        assert again.info()["embedder"] == f"hf:{new}:mean"
    for other in (f"hf:{new}:gem", f"hf:{tiny('vit')}"):
        with pytest.raises(CatalogueMismatch, match="cannot be mixed"):
            Catalogue(place, embedder=other)


def test_a_deep_verifier_in_a_catalogue(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obverse import normalise

    for module in (normalise, deep):
        monkeypatch.setattr(module, "FLAT_SIDE", 256)
    place, old = tmp_path / "c.obv", tmp_path / "model"
    shutil.copytree(tiny("lightglue"), old)
    for number in range(3):
        Image.fromarray(print_(number, 256, 256)).save(tmp_path / f"{number}.png")
    with Catalogue(place, recipe="flat", verifier=f"deep:{old}") as made:
        assert made.add(sorted(tmp_path.glob("*.png"))).added == 3
        assert made.pipeline.recipe.shortlist == 20
    new = old.rename(tmp_path / "elsewhere")
    with Catalogue(place, verifier=f"deep:{new}"):
        pass
    with Catalogue(place) as again:
        assert again.info()["verifier"] == f"deep:{new}"
        answer = again.identify(np.roll(print_(1, 256, 256), (8, -16), (0, 1)))
        assert answer.best is not None
        assert answer.evidence is not None
        assert answer.best.item.id == "1"
        assert answer.evidence.matches is not None
        assert answer.evidence.matches.inliers.sum() > 30
        assert not answer.known, "no calibration was fitted for it"
    with pytest.raises(CatalogueMismatch, match=r"its verifier is deep:.*, not local"):
        Catalogue(place, verifier="local")
    with pytest.raises(UsageError, match="'deep' does not go with embedder 'polar'"):
        Catalogue(tmp_path / "round.obv", verifier="deep")
