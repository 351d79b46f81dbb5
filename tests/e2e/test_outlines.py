"""Coins of one design and several shapes, through the whole pipeline."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse import Catalogue
from obverse.catalogue.importers import Row
from obverse.chinese import CHINESE
from obverse.types import U8, Answer, OutlineReading
from tests.coins import face, photo_of, turned

SIDE, RADIUS = 640, 230


def coin(waves: int, degrees: float, design: int = 3, depth: float = 0.03) -> U8:
    """Cut out along a rim of so many waves, with the rim raised, turned on a plain table."""
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    reach = RADIUS * (1 + depth * np.cos(waves * angle) * (waves > 0))
    points = np.stack([np.cos(angle), -np.sin(angle)], axis=1) * reach[:, None] + (SIDE - 1) / 2
    path = [np.rint(points * 16).astype(np.int32)]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, path, 255, cv2.LINE_AA, 4)
    metal = np.full((SIDE, SIDE, 3), 150, np.uint8)
    inner = round(1.7 * RADIUS)
    at = (SIDE - inner) // 2
    small = cv2.resize(face(design, 512), (inner, inner), interpolation=cv2.INTER_AREA)
    disc = np.zeros((inner, inner, 1), np.uint8)
    cv2.circle(disc, (inner // 2, inner // 2), inner // 2 - 2, 1, -1)
    shown = metal[at : at + inner, at : at + inner]
    shown[:] = small * disc + shown * (1 - disc)
    cv2.polylines(metal, path, True, (70, 70, 70), 8, cv2.LINE_AA, 4)
    metal, share = turned(metal, degrees), turned(np.repeat(mask[..., None], 3, 2), degrees) / 255.0
    share[np.hypot(*(np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2)) > 1.1 * RADIUS] = 0
    return np.asarray(share * metal + (1 - share) * (222, 214, 200), np.uint8)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """One design round and with twelve scallops, and others."""
    folder = tmp_path_factory.mktemp("shapes")
    pictures = {"round": coin(0, 0.0), "scalloped": coin(12, 0.0)}
    pictures |= {f"other-{n}": coin(0, 0.0, n) for n in (11, 12, 13)}
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    with Catalogue(folder / "coins.obv") as catalogue:
        catalogue.add(folder)
        yield catalogue


def ask(catalogue: Catalogue, waves: int, degrees: float) -> Answer:
    return catalogue.identify(photo_of(coin(waves, degrees)))


@pytest.mark.parametrize("degrees", [0.0, 8.0, 131.0])
def test_a_scalloped_coin_is_told_from_a_round_one(shapes: Catalogue, degrees: float) -> None:
    answer = ask(shapes, 12, degrees)
    first, second = answer.candidates[:2]
    assert (first.item.id, second.item.id) == ("scalloped", "round")
    assert first.evidence.outline == OutlineReading(12, 12, pytest.approx(math.log(100)))
    assert second.evidence.outline == OutlineReading(0, 12, pytest.approx(-math.log(100)))
    assert answer.known
    assert "The photo shows its outline, with 12 corners or scallops." in answer.explanation()
    assert "照片上看得到它的外形，有 12 个角或花边。" in answer.explanation(CHINESE)
    assert any("whose picture shows none where the photo" in line for line in answer.explanation())
    assert answer.to_dict()["best"]["evidence"]["outline"]["photo"] == 12


def test_a_round_coin_says_nothing_of_its_shape(shapes: Catalogue) -> None:
    answer = ask(shapes, 0, 40.0)
    assert answer.best is not None
    assert answer.best.item.id == "round"
    assert all(one.evidence.outline is None for one in answer.candidates)


def test_two_photos_of_a_scalloped_coin(tmp_path: Path) -> None:
    """Both sides of one design round and scalloped: one photo that shows the shape is enough."""
    rows = []
    for name, waves in (("round", 0), ("scalloped", 12)):
        for side, design in (("obverse", 3), ("reverse", 5)):
            path = tmp_path / f"{name}-{side}.png"
            cv2.imwrite(str(path), coin(waves, 0.0, design)[..., ::-1])
            rows.append(Row(path, name, side, "", {}))
    with Catalogue(tmp_path / "c.obv") as catalogue:
        catalogue.add(rows)
        photos = [photo_of(coin(12, 50.0, design)) for design in (5, 3)]
        scalloped = catalogue.identify_sides(*photos)
        photos = [photo_of(coin(0, 50.0, design)) for design in (5, 3)]
        plain = catalogue.identify_sides(*photos)
    assert scalloped.known
    assert [c.item.id for c in scalloped.candidates] == ["scalloped", "round"]
    assert "The photo shows its outline, with 12 corners or scallops." in scalloped.explanation()
    assert plain.best is not None
    assert plain.best.item.id == "round"
    assert all(match and match.evidence.outline is None for match in plain.best.sides)


def test_other_shapes_are_no_duplicates(shapes: Catalogue) -> None:
    alike = [{view.item for view in group.views} for group in shapes.duplicates()]
    assert not any({"round", "scalloped"} <= group for group in alike)


def test_a_view_that_is_far_off_is_not_asked_for_its_shape(tmp_path: Path) -> None:
    """Two designs that have nothing in common."""
    for name, waves in (("round", 0), ("scalloped", 12)):
        picture = coin(waves, 0.0, 3 if waves == 0 else 4)
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture[..., ::-1])
    with Catalogue(tmp_path / "c.obv") as catalogue:
        catalogue.add(tmp_path)
        plain = catalogue.identify(photo_of(coin(0, 20.0)))
        other = catalogue.identify(photo_of(coin(12, 20.0)))
    assert plain.best is not None
    assert other.best is not None
    assert plain.best.item.id == "round"
    assert plain.known
    assert other.best.item.id == "round"
    assert other.best.evidence.outline is None
