"""Cut-outs against the masks that the pictures were drawn with."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse import cutout, find
from obverse.cli.picture import parse_colour
from obverse.errors import PhotoError, UsageError
from obverse.photo import load
from obverse.types import F32, U8, Array, Ellipse, Photo, Region
from tests.coins import photo_of
from tests.e2e.conftest import run_command

TRUE = Ellipse(300.3, 260.8, 190.0, 150.0, 25.0)
FINE = 4


def drawn(*, lobes: float = 0.0, hole: float = 0.0, busy: bool = False) -> tuple[U8, F32, Array]:
    """A copper coin on a blue ground: the picture, its exact cover, and its rim."""
    shape = (520, 600)
    t = np.linspace(0, 2 * math.pi, 1440, endpoint=False)
    radius = 1 + lobes * np.cos(12 * t)
    phi = math.radians(TRUE.angle)
    x, y = TRUE.a * radius * np.cos(t), TRUE.b * radius * np.sin(t)
    c, s = math.cos(phi), math.sin(phi)
    rim = np.stack([TRUE.cx + x * c - y * s, TRUE.cy + x * s + y * c], axis=1)
    centre = np.array([TRUE.cx, TRUE.cy])
    cover = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    for line, value in ((rim, 255), (centre + hole * (rim - centre), 0)):
        if value or hole:
            fixed = np.round(((line + 0.5) * FINE - 0.5) * 256).astype(np.int32)
            cv2.fillPoly(cover, [fixed], value, cv2.LINE_8, 8)
    mask = cv2.resize(cover, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rng = np.random.default_rng(0)
    ground = np.full((*shape, 3), (40, 80, 190), np.float32)
    if busy:
        ground += cv2.GaussianBlur(rng.normal(0, 400, ground.shape).astype(np.float32), (0, 0), 6)
    coin = np.full((*shape, 3), (190, 120, 70), np.float32)
    coin += 25 * np.sin(np.arange(shape[1]) / 7)[None, :, None]
    picture = coin * mask[..., None] + ground * (1 - mask[..., None])
    picture = cv2.GaussianBlur(picture, (0, 0), 0.8) + rng.normal(0, 2, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8), np.asarray(mask, np.float32), rim


def region(outline: Array | None = None, *, off: float = 0.0) -> Region:
    """What a finder may say of the drawn coin, ``off`` by a share of the radius."""
    e = Ellipse(
        TRUE.cx + off * TRUE.a, TRUE.cy - off * TRUE.a, TRUE.a * (1 + off), TRUE.b, TRUE.angle
    )
    line = None if outline is None else outline[::11].astype(np.float32)
    return Region((0.0, 0.0, 600.0, 520.0), 1.0, e, line)


def alpha_in(photo: Photo, where: Region) -> F32:
    """The cut-out's alpha laid back into the photo."""
    picture = cutout.cut(photo, where)
    to_photo, size = cutout._frame(cutout.trace(photo, cutout.rim_of(photo, where)), False)
    back = cv2.warpAffine(picture[..., 3], to_photo, photo.pixels.shape[1::-1])
    assert (picture.shape[1], picture.shape[0]) == size
    return np.asarray(back, np.float32) / 255


def iou(a: Array, b: Array) -> float:
    return float(np.minimum(a, b).sum() / np.maximum(a, b).sum())


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("off", [0.0, 0.012])
def test_the_rim_is_found_to_the_pixel(off: float, busy: bool) -> None:
    pixels, mask, _ = drawn(busy=busy)
    assert iou(alpha_in(photo_of(pixels), region(off=off)), mask) > 0.992


def test_scallops_stay() -> None:
    pixels, mask, rim = drawn(lobes=0.03)
    found = alpha_in(photo_of(pixels), region(rim))
    assert iou(found, mask) > 0.985
    plain = cv2.ellipse(
        np.zeros(mask.shape, np.uint8),
        ((TRUE.cx, TRUE.cy), (2 * TRUE.a, 2 * TRUE.b), TRUE.angle),
        (1,),
        -1,
    )
    assert iou(plain, mask) < 0.975


def test_a_hole_goes_where_the_ground_shows_through() -> None:
    pixels, mask, _ = drawn(hole=0.25)
    found = alpha_in(photo_of(pixels), region())
    assert iou(found, mask) > 0.985
    assert found[round(TRUE.cy), round(TRUE.cx)] == 0


def test_no_hole_is_cut_into_a_whole_coin() -> None:
    for busy in (False, True):
        pixels, _, _ = drawn(busy=busy)
        assert alpha_in(photo_of(pixels), region())[round(TRUE.cy), round(TRUE.cx)] == 1


def test_no_halo_of_the_ground_stays_and_the_edge_is_smooth() -> None:
    pixels, _, _ = drawn()
    picture = cutout.cut(photo_of(pixels), region())
    seen = picture[..., 3] > 12
    assert (picture[seen][:, 0].astype(int) > picture[seen][:, 2].astype(int)).all()  # no blue
    soft = (picture[..., 3] > 0) & (picture[..., 3] < 255)
    around = math.pi * (TRUE.a + TRUE.b)
    assert around < soft.sum() < 6 * around
    assert not picture[picture[..., 3] == 0][:, 2].max() > 150


def test_levelled_it_is_a_circle_of_the_longer_axis() -> None:
    pixels, _, _ = drawn()
    picture = cutout.cut(photo_of(pixels), region(), level=True)
    side = picture.shape[0]
    assert picture.shape == (side, side, 4)
    axis = np.arange(side) - (side - 1) / 2
    depth = TRUE.a - np.hypot(axis[:, None], axis)
    assert iou(picture[..., 3] / 255, np.clip(depth + 0.5, 0, 1)) > 0.99


def test_what_lies_beyond_the_photo_is_transparent() -> None:
    pixels, _, _ = drawn()
    cropped = np.ascontiguousarray(pixels[:, 200:])
    moved = Ellipse(TRUE.cx - 200, TRUE.cy, TRUE.a, TRUE.b, TRUE.angle)
    picture = cutout.cut(photo_of(cropped), Region((0.0, 0.0, 1.0, 1.0), 1.0, moved))
    assert picture[:, :60, 3].max() == 0
    assert picture[picture.shape[0] // 2, 150, 3] == 255


def test_nothing_round_cannot_be_cut_out() -> None:
    pixels, _, _ = drawn()
    with pytest.raises(PhotoError, match="nothing round"):
        cutout.cut(photo_of(pixels), Region((0.0, 0.0, 9.0, 9.0), 0.0, whole=True))


def test_on_a_colour_it_mixes() -> None:
    picture = np.array([[[200, 100, 0, 255], [200, 100, 0, 0], [200, 100, 0, 51]]], np.uint8)
    assert cutout.lay_on(picture, (0, 0, 255)).tolist() == [
        [[200, 100, 0], [0, 0, 255], [40, 20, 204]]
    ]


def test_colours() -> None:
    assert parse_colour("") is None
    assert parse_colour("White") == (255, 255, 255)
    assert parse_colour("#0a10FF") == (10, 16, 255)
    for wrong in ("#12", "rgb(1,2,3)", "#12345g", "whitish"):
        with pytest.raises(UsageError, match="no colour"):
            parse_colour(wrong)


def test_the_command(tmp_path: Path) -> None:
    pixels, mask, _ = drawn()
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), pixels[..., ::-1])
    done = run_command("cutout", photo, tmp_path / "out.png", "--json")
    assert done.code == 0, done.err
    written = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)
    assert written.shape[2] == 4
    assert written[..., 3].sum() / 255 == pytest.approx(mask.sum(), rel=0.01)
    (told,) = done.json["cutouts"]
    assert (told["height"], told["width"]) == written.shape[:2]
    (tmp_path / "mine").mkdir()
    mine = tmp_path / "mine" / f"{photo.stem}-1.png"
    mine.write_bytes(b"a picture of my own")
    refused = run_command("cutout", photo, tmp_path / "mine", "--all")
    assert refused.code == 2
    assert "is there already" in refused.err
    assert mine.read_bytes() == b"a picture of my own"
    done = run_command("cutout", photo, tmp_path / "all", "--all", "--background", "#ffffff")
    assert (done.code, [p.name for p in (tmp_path / "all").iterdir()]) == (0, ["photo-1.png"])


@pytest.mark.parametrize(
    ("out", "options", "words"),
    [
        ("out.jpg", (), "cannot be transparent"),
        ("out.tif", (), "cannot write"),
        ("folder", (), "is a folder"),
        ("photo.png", (), "is the photo itself"),
        ("photo.png", ("--all",), "is a file"),
        ("new.png", ("--all",), "is named as a picture"),
        ("none/out.png", (), "no such folder"),
        ("out.jpg", ("--background", "reddish"), "no colour"),
    ],
)
def test_misuse_is_told_before_any_work(
    tmp_path: Path, out: str, options: tuple[str, ...], words: str
) -> None:
    from obverse.cli.picture import cutout as command

    (tmp_path / "folder").mkdir()
    (tmp_path / "photo.png").write_bytes(b"")
    background = options[1] if options[:1] == ("--background",) else ""
    with pytest.raises(UsageError, match=words):
        command(
            str(tmp_path / "photo.png"),
            tmp_path / out,
            every="--all" in options,
            background=background,
        )


@pytest.mark.data
def test_coins_on_white_against_their_exact_masks(data: Path) -> None:
    from obverse.train.sources import _not_white

    finder, found = find.get("unet"), []
    for path in sorted((data / "cutouts" / "japan").glob("*.jpg"))[::6]:
        photo = load(path)
        mask = _not_white(photo.pixels)
        assert mask is not None
        found.append(iou(alpha_in(photo, finder.find(photo)[0]), mask / 255))
    assert len(found) >= 4
    assert np.median(found) > 0.985
