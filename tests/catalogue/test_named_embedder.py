"""Catalogues with descriptors by name: fitted, kept, opened again, never mixed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse import zoo
from obverse.catalogue.catalogue import Catalogue
from obverse.errors import CatalogueDamaged, CatalogueMismatch, CatalogueMissing, UsageError
from obverse.mint import coin_type, scan
from obverse.types import U8
from obverse.zoo import Descriptor, Fittable
from tests.coins import face, turned

COUNT = 8


def design(seed: int) -> U8:
    """A coloured design of the size that ``flat`` keeps as it is."""
    grey = cv2.resize(face(seed), (640, 640))
    hues = np.random.default_rng(seed).uniform(0.4, 1.0, 3)
    return np.asarray(grey * hues, np.uint8)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("designs")
    paths = [folder / f"{n:02}.png" for n in range(COUNT)]
    for n, path in enumerate(paths):
        cv2.imwrite(str(path), design(n)[..., ::-1])
    return paths


def best(catalogue: Catalogue, image: U8) -> str:
    found = catalogue.identify(image).best
    assert found is not None
    return found.item.id


def test_what_was_fitted_is_kept_with_the_catalogue(tmp_path: Path, photos: list[Path]) -> None:
    place = tmp_path / "c.obv"
    with Catalogue(place, recipe="flat", embedder="vlad-orb:8", post="pca-whiten:6,qe:3") as made:
        with pytest.raises(CatalogueMissing, match="no catalogue there"):
            made.info()
        assert not place.exists()
        assert made.add(photos).added == COUNT
        answer = made.identify(turned(design(3), 20))
        assert answer.best is not None
        assert answer.best.item.id == "03"
        assert not answer.known
        assert sum(c.probability for c in answer.candidates) <= 1 + 1e-9
        info = made.info()
    assert (info["dim"], info["embedder"], info["post"]) == (6, "vlad-orb:8", "pca-whiten:6,qe:3")
    with Catalogue(place.rename(tmp_path / "moved.obv")) as again:
        assert again.add(photos).skipped == COUNT
        same = again.identify(turned(design(3), 20))
        assert same.best is not None
        assert same.best.score == answer.best.score
        assert again.info()["models"] == info["models"]


def test_vectors_are_those_of_the_descriptor(tmp_path: Path, photos: list[Path]) -> None:
    with Catalogue(tmp_path / "c.obv", recipe="flat", embedder="hist-gray-256") as made:
        made.add(photos)
        histogram = zoo.get("hist-gray-256")
        assert isinstance(histogram, Descriptor)
        stored = {v.item: v.embedding for v in made.store.views(embeddings=True)}
        expected = histogram.describe([design(n) for n in range(COUNT)])
        for n in range(COUNT):
            embedding = stored[f"{n:02}"]
            assert embedding is not None
            kept = np.frombuffer(embedding.description, "<f4")
            np.testing.assert_allclose(kept, expected[n], atol=1e-7)
        query = np.rot90(design(5)).copy()
        answer = made.identify(query, top=COUNT)
        cosines = expected @ histogram.describe([query])[0]
        assert [c.item.id for c in answer.candidates] == [
            f"{n:02}" for n in np.argsort(-cosines, kind="stable")
        ]
        for candidate in answer.candidates:
            assert candidate.score == pytest.approx(cosines[int(candidate.item.id)], abs=1e-6)
            assert candidate.evidence.score == pytest.approx(candidate.score)


def test_another_embedder_is_refused(tmp_path: Path, photos: list[Path]) -> None:
    place = tmp_path / "c.obv"
    with Catalogue(place, recipe="flat", embedder="hist-gray-64", post="pca:4") as made:
        made.add(photos)
    for other in ({"embedder": "hist-gray-32"}, {"embedder": "vlad-sift"}, {"post": "pca:3"}):
        with pytest.raises(CatalogueMismatch, match=r"not (hist-gray-32|vlad-sift|pca:3)"):
            Catalogue(place, **other)  # type: ignore[arg-type]
    Catalogue(place, embedder="hist-gray-64", post="pca:4").close()
    with Catalogue(tmp_path / "plain.obv", recipe="flat") as plain:
        plain.add(photos[:2])
    with pytest.raises(CatalogueMismatch, match="the usual one, not hist-gray-64"):
        Catalogue(tmp_path / "plain.obv", embedder="hist-gray-64")


def test_what_was_fitted_cannot_be_swapped_or_lost(tmp_path: Path, photos: list[Path]) -> None:
    places = [tmp_path / "a.obv", tmp_path / "b.obv"]
    for place, some in zip(places, (photos, photos[:6]), strict=True):
        with Catalogue(place, recipe="flat", embedder="phash", post="pca:3") as made:
            made.add(some)
    (places[1] / "embedder.npz").rename(places[0] / "embedder.npz")
    with pytest.raises(CatalogueMismatch, match="cannot be mixed"):
        Catalogue(places[0])
    with pytest.raises(CatalogueDamaged, match="missing"):
        Catalogue(places[1])
    (places[0] / "embedder.npz").write_bytes(b"nothing")
    with pytest.raises(CatalogueDamaged, match="cannot be read"):
        Catalogue(places[0])
    Catalogue(places[0], any_model=True).close()


def test_codes_round_what_is_stored_alone(tmp_path: Path, photos: list[Path]) -> None:
    with Catalogue(tmp_path / "c.obv", recipe="flat", embedder="hog", post="centre,binary") as made:
        made.add(photos)
        views = [v.embedding for v in made.store.views(embeddings=True)]
        vectors = np.array([np.frombuffer(e.description, "<f4") for e in views if e])
        assert len(np.unique(np.abs(vectors).round(6))) == 1
        query = made.pipeline.embed_query(made.pipeline.look(made.load(photos[4])))
        assert len(np.unique(np.abs(query.vector).round(6))) > 100
        assert best(made, design(4)) == "04"


def test_own_embedders_can_be_processed_too(tmp_path: Path) -> None:
    coins = [scan(coin_type(7, n), "obverse", size=240) for n in range(5)]
    paths = [tmp_path / f"{n}.png" for n in range(5)]
    for path, coin in zip(paths, coins, strict=True):
        cv2.imwrite(str(path), coin)
    query = np.rot90(coins[3]).copy()
    with Catalogue(tmp_path / "c.obv", post="pca-whiten:3") as made:
        made.add(paths)
        assert made.info()["dim"] == 3
        assert made.info()["map_shape"] == [32, 14, 7]
        assert best(made, query) == "3"
        found = made.identify(query).best
        assert found is not None
        assert abs(found.evidence.turn - 90) < 3
    with Catalogue(tmp_path / "c.obv") as again:
        assert best(again, query) == "3"


def test_local_features_verify_what_a_descriptor_found(tmp_path: Path, photos: list[Path]) -> None:
    place = tmp_path / "c.obv"
    with Catalogue(place, recipe="flat", embedder="hist-hsv", verifier="local") as made:
        made.add(photos)
        answer = made.identify(turned(design(2), 35))
    assert answer.best is not None
    assert answer.best.item.id == "02"
    assert answer.best.evidence.matches is not None
    assert abs(answer.best.evidence.turn - 35) < 3
    with pytest.raises(CatalogueMismatch, match="not vector"):
        Catalogue(place, verifier="vector")


def test_a_round_thing_is_seen_without_its_background(tmp_path: Path) -> None:
    scenes = [np.full((300, 300, 3), v, np.uint8) for v in (20, 230)]
    disc = np.asarray(cv2.circle(np.zeros((300, 300), np.uint8), (150, 150), 110, 1, -1), bool)
    coin = cv2.resize(face(1), (300, 300))
    for scene in scenes:
        scene[disc] = coin[disc]
    with Catalogue(tmp_path / "c.obv", embedder="hist-gray-256") as made:
        looks = [made.pipeline.look(made.load(scene)) for scene in scenes]
        one, other = (made.pipeline.embed_query(look).vector for look in looks)
    assert float(one @ other) > 0.98
    whole = zoo.get("hist-gray-256")
    assert isinstance(whole, Descriptor)
    first, second = whole.describe(scenes)
    assert float(first @ second) < 0.6


def test_levelling_and_two_sides_say_that_they_need_maps(
    tmp_path: Path, photos: list[Path]
) -> None:
    with Catalogue(tmp_path / "c.obv", embedder="phash") as made:
        made.add([*photos[:2]], item="one")
        with pytest.raises(UsageError, match="maps that turn"):
            made.level("one")
        with pytest.raises(UsageError, match="no calibration of 'phash'"):
            made.identify_sides(photos[0], photos[1])


@pytest.mark.parametrize(
    ("stages", "what"),
    [
        ({"embedder": "phash", "verifier": "polar"}, "does not go with embedder"),
        ({"embedder": "phash", "verifier": "local"}, "does not go with embedder"),
        ({"verifier": "vector"}, "does not go with embedder 'polar'"),
        ({"post": "qe:3"}, "verifier 'polar' ranks by more"),
        ({"embedder": "vlad"}, "has no embedder 'vlad'"),
        ({"recipe": "flat", "embedder": "mine.json"}, "takes no other embedder"),
        ({"embedder": "phash", "post": "pca"}, "unknown post-processing"),
        ({"embedder": "vlad-surf"}, "unknown embedder"),
        ({"recipe": "flat", "embedder": "vlad-surf"}, "unknown embedder"),
    ],
)
def test_stages_that_do_not_go_together(tmp_path: Path, stages: dict[str, str], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        Catalogue(tmp_path / "c.obv", **stages)  # type: ignore[arg-type]
    assert not (tmp_path / "c.obv").exists()


def test_too_few_photos_leave_no_catalogue(tmp_path: Path, photos: list[Path]) -> None:
    with Catalogue(tmp_path / "c.obv", recipe="flat", embedder="phash", post="pca:5") as made:
        with pytest.raises(UsageError, match="at most 1"):
            made.add(photos[:2])
        assert not (tmp_path / "c.obv").exists()
        assert made.add(photos).added == COUNT


def test_a_bad_photo_among_the_first_is_reported_once(tmp_path: Path, photos: list[Path]) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    with Catalogue(tmp_path / "c.obv", recipe="flat", embedder="phash", post="pca:3") as made:
        report = made.add([bad, *photos])
    assert report.added == COUNT
    assert [f.error for f in report.failed] == ["NotAPhoto"]


def test_the_manifest_is_plain_for_everybody_else(tmp_path: Path, photos: list[Path]) -> None:
    with Catalogue(tmp_path / "c.obv") as plain:
        plain.add(photos[:1])
    said = json.loads((tmp_path / "c.obv" / "manifest.json").read_text("utf-8"))
    assert not {"post", "verifier", "embedder"} & set(said)
    assert not (tmp_path / "c.obv" / "embedder.npz").exists()


def test_fitting_again_gives_the_same(photos: list[Path]) -> None:
    loose = zoo.get("fisher-orb:4")
    assert isinstance(loose, Fittable)
    images = [design(n) for n in range(4)]
    assert loose.fit(images).fingerprint == loose.fit(images).fingerprint


def test_there_is_no_calibration_for_stages_that_none_was_fitted_for(
    tmp_path: Path, photos: list[Path]
) -> None:
    for n, options in enumerate(({"embedder": "hist-hsv"}, {"verifier": "texture"})):
        recipe = "flat" if "embedder" in options else "coin"
        with Catalogue(tmp_path / f"{n}.obv", recipe=recipe, **options) as made:
            made.add(photos[:3])
            assert made.info()["calibration"] == "none"
            answer = made.identify(photos[0])
            assert (answer.known, answer.calibrated) == (False, False)
            assert answer.to_dict()["calibrated"] is False
            with pytest.raises(UsageError, match="no calibration"):
                made.identify_sides(photos[0], photos[1])


def test_the_usual_stages_may_be_named(tmp_path: Path, photos: list[Path]) -> None:
    place = tmp_path / "c.obv"
    with Catalogue(place) as made:
        made.add(photos[:2])
    with Catalogue(place, verifier="polar", finder="unet") as again:
        assert again.add(photos[:2]).skipped == 2
        assert again.info()["calibration"] == "shipped"
        assert again.identify(photos[0]).calibrated


def test_a_damaged_calibration_leaves_the_rest(tmp_path: Path, photos: list[Path]) -> None:
    place = tmp_path / "c.obv"
    with Catalogue(place) as made:
        made.add(photos[:2])
    (place / "calibration.json").write_text("{")
    with pytest.raises(CatalogueDamaged, match=r"calibrate .*c\.obv --off"):
        Catalogue(place, create=False)
    with Catalogue(place, create=False, any_model=True) as opened:
        assert "cannot be read" in opened.info()["calibration"]
        opened.keep("calibration", None)
    with Catalogue(place, create=False) as mended:
        assert mended.info()["calibration"] == "shipped"
