"""What there is to learn from, and the coins cut out of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse import find
from obverse.degrade import CUT, RADIUS
from obverse.errors import TableError, UsageError
from obverse.normalise import disc_matrix
from obverse.train.pictures import Picture, cut, cut_ellipse, gather
from obverse.types import U8, Array, Ellipse
from tests.coins import face


def write(path: Path, pixels: Array) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)
    return path


def on_grey(seed: int, size: int = 300, diameter: int = 200) -> U8:
    """A coin in the middle of a plain ground."""
    small = cv2.resize(face(seed), (diameter, diameter), interpolation=cv2.INTER_AREA)
    image = np.full((size, size, 3), 235, np.uint8)
    edge = (size - diameter) // 2
    inside = np.zeros((diameter, diameter), np.uint8)
    cv2.circle(inside, (diameter // 2, diameter // 2), diameter // 2 - 1, 255, -1)
    part = image[edge : edge + diameter, edge : edge + diameter]
    part[inside > 0] = small[inside > 0]
    return image


def test_a_folder_is_an_item_and_nested_ones_are_items_of_their_own(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/2.JPG", "b/c/3.webp", "b/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = {p.path.name: (p.item, p.group) for p in gather(tmp_path)}
    assert found == {"1.png": ("a", ""), "2.JPG": ("a", ""), "3.webp": ("b/c", "")}


def test_a_table_says_item_or_group_relative_to_itself(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "group,photo,item\n1 won,x/1.png,\n,2.png,älg\n,,empty\n", encoding="utf-8-sig"
    )
    assert gather(table) == [
        Picture(tmp_path / "x/1.png", "", "1 won"),
        Picture(tmp_path / "2.png", "älg", ""),
    ]


def test_what_cannot_be_learned_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder or table"):
        gather(tmp_path / "nope")
    with pytest.raises(UsageError, match="no pictures to learn from"):
        gather(tmp_path)
    table = tmp_path / "t.csv"
    table.write_text("file,item\na.png,b\n", "utf-8")
    with pytest.raises(TableError, match="no column photo"):
        gather(table)


@pytest.mark.parametrize("size", [(90, 90, 0), (400, 280, 30), (60, 25, 75)])
def test_an_ellipse_is_cut_to_a_circle_of_the_radius(size: tuple[int, int, float]) -> None:
    a, b, angle = size
    pixels = np.zeros((900, 1000, 3), np.uint8)
    centre = (480, 460)
    cv2.ellipse(pixels, centre, (a, b), angle, 0, 360, (255, 255, 255), -1)
    image = cut_ellipse(pixels, disc_matrix(Ellipse(*centre, a + 0.5, b + 0.5, angle)))
    y, x = np.mgrid[:CUT, :CUT]
    far = np.hypot(x - (CUT - 1) / 2, y - (CUT - 1) / 2)
    assert image[far < RADIUS - 5].min() > 200
    assert image[(far > RADIUS + 5) & (far < RADIUS + 20)].max() < 55
    assert np.sum(image > 127) == pytest.approx(np.pi * RADIUS**2, rel=0.02)


def test_cuts_are_made_once_and_a_bad_file_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [Picture(write(tmp_path / f"{n}.png", on_grey(n)), f"item{n}") for n in range(2)]
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    pictures.insert(1, Picture(bad, "x"))
    cuts = cut(pictures, tmp_path / "cache", finder="classical")
    assert [p.item for p in cuts.pictures] == ["item0", "item1"]
    assert cuts.images.shape == (2, CUT, CUT)
    assert "bad.png" in capsys.readouterr().err
    for picture in pictures:
        picture.path.unlink()
    again = cut(pictures, tmp_path / "cache", finder="classical")
    np.testing.assert_array_equal(again.images, cuts.images)


def test_the_coin_that_is_found_ends_at_the_radius(tmp_path: Path) -> None:
    from obverse.train.pictures import cut_one

    path = write(tmp_path / "c.png", on_grey(5))
    image = cut_one(path, find.get("classical")).astype(float)
    t = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    ground = 235.0
    for r, is_coin in ((RADIUS * 1.05, False), (RADIUS * 0.96, True)):
        x, y = (CUT - 1) / 2 + r * np.cos(t), (CUT - 1) / 2 + r * np.sin(t)
        off = np.abs(image[y.round().astype(int), x.round().astype(int)] - ground)
        assert (np.mean(off > 20) > 0.8) == is_coin
