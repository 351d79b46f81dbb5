"""Drawn pictures: turns, places and shapes are checked against formulas of their own."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from obverse import canvas, draw, draw_separation, heat, normalise
from obverse.draw_answer import overlaid
from obverse.draw_year import year
from obverse.errors import UsageError
from obverse.separate import Sector
from obverse.types import (
    F32,
    U8,
    Answer,
    Candidate,
    Ellipse,
    Embedding,
    Evidence,
    Item,
    Patch,
    Photo,
    Region,
    View,
    YearReading,
)

SIZE = 256


def design(turn: float, size: int = SIZE) -> U8:
    """A design without symmetry, turned counter-clockwise, drawn from a formula in polar terms."""
    centre = (size - 1) / 2
    yy, xx = np.mgrid[0:size, 0:size]
    r = np.hypot(xx - centre, yy - centre) / (size / 2)
    theta = np.arctan2(centre - yy, xx - centre) - math.radians(turn)
    value = 128 + 60 * np.cos(theta) * r + 40 * np.cos(3 * theta + 1) * np.sin(7 * r)
    value += 70 * np.exp(-8 * ((r - 0.6) ** 2 + (np.angle(np.exp(1j * (theta - 2)))) ** 2))
    return np.repeat(np.clip(value, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def photo_of(pixels: U8, scale: float = 1.0) -> Photo:
    h, w = pixels.shape[:2]
    return Photo(pixels, round(w / scale), round(h / scale), "0" * 64, "test.jpg")


def patch_of(pixels: U8) -> Patch:
    side = pixels.shape[0]
    whole = Ellipse(side / 2 - 0.5, side / 2 - 0.5, side / 2, side / 2)
    return normalise.disc(photo_of(pixels), Region((0, 0, side, side), 1.0, whole))


def jpeg(pixels: U8) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def candidate(pixels: U8, turn: float, agreement: F32, title: str = "Five marks") -> Candidate:
    view = View("v", "i", "obverse", "", "a.jpg", {}, jpeg(pixels), None, "")
    evidence = Evidence(0.5, turn, agreement)
    attributes = {"country": "Türkiye", "year_from": 1921, "year_to": 1935}
    return Candidate(Item("i", title, attributes), view, 0.8, 0.5, 0.97, evidence)


def answer_of(patch: Patch, *candidates: Candidate, known: bool = True) -> Answer:
    return Answer(photo_of(patch.original), patch, known, candidates, {})


def inside(size: int, share: float = 0.95) -> np.ndarray:
    centre = (size - 1) / 2
    yy, xx = np.mgrid[0:size, 0:size]
    return np.asarray(np.hypot(xx - centre, yy - centre) < share * size / 2)


def correlation(a: U8, b: U8) -> float:
    within = inside(a.shape[0])
    return float(np.corrcoef(a[within, 0].astype(float), b[within, 0].astype(float))[0, 1])


@pytest.mark.parametrize("turn", [0.0, 37.0, 133.0, 290.5])
def test_turned_is_counter_clockwise(turn: float) -> None:
    upright, expected = design(0), design(turn)
    assert correlation(canvas.turned(upright, turn), expected) > 0.995
    if turn:
        assert correlation(canvas.turned(upright, -turn), expected) < 0.9


@pytest.mark.parametrize("turn", [25.0, 133.0, 300.0])
def test_answer_shows_query_and_match_upright(turn: float) -> None:
    patch = patch_of(design(turn))
    cells = np.full((14, 7), 0.005, np.float32)
    picture = draw.answer(answer_of(patch, candidate(design(0), turn, cells)))
    left, top = canvas.MARGIN, canvas.MARGIN + 108
    query = picture[top : top + draw.TILE, left : left + draw.TILE]
    left += draw.TILE + canvas.GAP
    match = picture[top : top + draw.TILE, left : left + draw.TILE]
    assert correlation(query, match) > 0.98
    upright = canvas.resize(design(0), draw.TILE, draw.TILE)
    assert correlation(match, upright) > 0.98


@pytest.mark.parametrize(("row", "column"), [(0, 6), (3, 4), (7, 2), (13, 6)])
def test_heat_lies_where_the_cell_looks(row: int, column: int) -> None:
    cells = np.zeros((14, 7), np.float32)
    cells[row, column] = 0.01
    light = heat.glow(cells, SIZE)
    yy, xx = np.mgrid[0:SIZE, 0:SIZE]
    total = light.sum()
    x, y = (light * xx).sum() / total, (light * yy).sum() / total
    centre = (SIZE - 1) / 2
    angle = math.degrees(math.atan2(centre - y, x - centre))
    assert abs((angle - 360 * row / 14 + 180) % 360 - 180) < 2
    # The last ring is cut off at the rim, so its centre of mass lies further in.
    assert math.hypot(x - centre, y - centre) / (SIZE / 2) == pytest.approx(
        (column + 0.5) / 7, abs=0.5 / 7
    )


def test_heat_is_absolute_and_stays_on_the_disc() -> None:
    even = np.full((14, 7), 1 / 98, np.float32)  # a perfect match, evenly
    weak = heat.glow(0.3 * even, SIZE)
    strong = heat.glow(0.6 * even, SIZE)
    core = inside(SIZE, 0.8)
    assert np.allclose(strong[core], 2 * weak[core], rtol=1e-3)
    assert weak[core].mean() == pytest.approx(0.3 / heat.FULL_HEAT, rel=0.01)
    assert heat.glow(-even, SIZE).max() == 0
    assert heat.glow(9 * even, SIZE).max() == 1
    assert heat.spread(even, SIZE)[~inside(SIZE, 1.02)].max() == 0


def test_overlay_lights_only_the_agreeing_part() -> None:
    cells = np.zeros((14, 7), np.float32)
    cells[:7] = 0.02  # the upper half
    lit = heat.overlay(design(0), cells).astype(int)
    colour = np.abs(lit[..., 0] - lit[..., 2])
    assert colour[40:90, 100:156].min() > 20
    assert colour[170:215, 100:156].max() == 0


def test_flat_cells_are_rows_and_columns() -> None:
    cells = np.zeros((14, 7), np.float32)
    cells[13, 0] = 0.01
    light = heat.glow(cells, SIZE, is_disc=False)
    y, x = np.unravel_index(light.argmax(), light.shape)
    assert y > 0.9 * SIZE
    assert x < 0.15 * SIZE


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_regions_are_drawn_on_their_rim(scale: float) -> None:
    ground = np.full((400, 600, 3), 90, np.uint8)
    ellipse = Ellipse(260.0, 210.0, 120.0, 80.0, 30.0).scaled(1 / scale)
    xy = ellipse.points()
    box = (xy[:, 0].min(), xy[:, 1].min(), xy[:, 0].max(), xy[:, 1].max())
    picture = draw.regions(photo_of(ground, scale), [Region(box, 0.9, ellipse)])
    factor = picture.shape[1] / (600 / scale)
    points = np.round((ellipse.points(90) + 0.5) * factor - 0.5).astype(int)
    points = points[points[:, 1] > points[:, 1].mean()]  # below the label
    assert (picture[points[:, 1], points[:, 0]] == canvas.GOLD).all()
    centre = round(ellipse.cx * factor), round(ellipse.cy * factor)
    assert (picture[centre[1] - 20 : centre[1] + 20, centre[0] - 20 : centre[0] + 20] == 90).all()


def test_an_outline_is_preferred_to_the_ellipse() -> None:
    ground = np.full((400, 400, 3), 90, np.uint8)
    square = np.array([[100, 100], [300, 100], [300, 300], [100, 300]], np.float32)
    region = Region((100, 100, 300, 300), 0.9, Ellipse(200, 200, 100, 100), square)
    picture = draw.regions(photo_of(ground), [region])
    corner = round(300.5 * picture.shape[1] / 400 - 0.5)
    assert (picture[corner, corner] == canvas.GOLD).all()


def test_every_picture_is_rgb_and_none_changes_its_input() -> None:
    rng = np.random.default_rng(0)
    patch = patch_of(design(10))
    before = patch.original.copy()
    vector = rng.normal(size=384).astype(np.float32)
    embedding = Embedding(vector, rng.integers(-90, 90, (32, 14, 7)).astype(np.int8))
    match = candidate(design(0), 10.0, np.full((28, 7), 0.004, np.float32))
    pictures = [
        draw.patch(patch),
        draw.embedding(patch, embedding),
        draw.shortlist(patch, [draw.card(match, note="0.8", share=0.8)] * 7, "nearest"),
        draw.answer(answer_of(patch, *[match] * 6)),
        draw.answer(answer_of(patch, match, known=False)),
        draw.answer(answer_of(patch)),
    ]
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
        assert picture.std() > 5
    assert np.array_equal(before, patch.original)


def test_known_and_unknown_answers_look_different() -> None:
    match = candidate(design(0), 0.0, np.full((14, 7), 0.004, np.float32))
    patch = patch_of(design(0))
    known, unknown = (draw.answer(answer_of(patch, match, known=k)) for k in (True, False))
    badge = np.s_[canvas.MARGIN : canvas.MARGIN + 90, -400:]
    assert (known[badge] == canvas.GREEN).all(axis=-1).any()
    assert (unknown[badge] == canvas.RED).all(axis=-1).any()


def test_a_share_is_neither_known_nor_unknown() -> None:
    match = candidate(design(0), 0.0, np.full((1, 1), 0.9, np.float32))
    answer = replace(answer_of(patch_of(design(0)), match, known=False), calibrated=False)
    picture = draw.answer(answer)
    badge = picture[canvas.MARGIN : canvas.MARGIN + 90, -400:]
    for colour in (canvas.GREEN, canvas.RED):
        assert not (badge == colour).all(axis=-1).any()
    assert (badge == canvas.MUTED).all(axis=-1).any()


@pytest.mark.parametrize("cells", [(1, 1), (14, 7)])
def test_no_column_of_an_answer_is_empty(cells: tuple[int, int]) -> None:
    """Compared as a whole or by places, every third of the first rows shows something."""
    match = candidate(design(0), 0.0, np.full(cells, 0.9 / (cells[0] * cells[1]), np.float32))
    picture = draw.answer(answer_of(patch_of(design(0)), match))
    top = canvas.MARGIN + 108
    for left in (canvas.MARGIN + i * (draw.TILE + canvas.GAP) for i in range(3)):
        assert picture[top : top + draw.TILE, left : left + draw.TILE].std() > 10


def test_discs_and_flat_objects_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
    flat = normalise.flat(photo_of(picture), Region((0, 0, SIZE, SIZE), 1.0))
    assert draw.round_patch(patch_of(picture))
    assert not draw.round_patch(flat)
    assert np.array_equal(draw.masked(flat), flat.original)
    assert (draw.masked(patch_of(picture))[0, 0] == canvas.GROUND).all()


@pytest.mark.parametrize("turn", [0.0, 140.0])
def test_squares_laid_over_each_other_meet(turn: float) -> None:
    """The design drawn from its formula is the same in the photo's squares and in the view's."""
    query = canvas.resize(draw.masked(patch_of(design(turn))), draw.TILE, draw.TILE)
    best = candidate(design(0), turn, np.full((14, 7), 0.005, np.float32))
    over = overlaid(query, best, is_disc=True)
    upright = canvas.resize(design(0), draw.TILE, draw.TILE)
    assert correlation(over, upright) > 0.97
    askew = overlaid(query, candidate(design(0), turn + 60, best.evidence.agreement), is_disc=True)
    assert correlation(askew, upright) < 0.9


@pytest.mark.parametrize("turn", [0.0, 75.0])
def test_the_place_that_separates_is_cut_out_where_it_is(turn: float) -> None:
    """A mark at 60 degrees and 0.7 of the radius of a disc that was turned by ``turn``."""
    size, angle = 1024, math.radians(60 + turn)
    x, y = (size - 1) / 2 + 0.35 * size * np.array([math.cos(angle), -math.sin(angle)])
    yy, xx = np.mgrid[0:size, 0:size]
    mark = 255 * (np.hypot(xx - x, yy - y) < 40)
    pixels = np.repeat(mark.astype(np.uint8)[..., None], 3, axis=2)
    sector = Sector(45.0, 75.0, 0.55, 0.85, 1.0, 0.0, 0.1, 1)
    shown = draw_separation.detail(pixels, sector, turn)
    ys, xs = np.nonzero(shown[..., 0] > 127)
    middle = (draw_separation.DETAIL - 1) / 2
    assert (xs.mean(), ys.mean()) == pytest.approx((middle, middle), abs=8)
    far = draw_separation.detail(pixels, replace(sector, start=225.0, end=255.0), turn)
    assert far.max() == 0


@pytest.mark.parametrize(("score", "higher"), [(0.45, True), (0.2, False)])
def test_only_a_close_next_item_is_drawn_beside_the_best(score: float, higher: bool) -> None:
    patch = patch_of(design(0))
    cells = np.full((14, 7), 0.5 / 98, np.float32)
    other = cells.copy()
    other[2:4, 3:6] = 0
    best = candidate(design(0), 0.0, cells)
    second = replace(
        candidate(design(40), 20.0, other, "Four marks"),
        score=score,
        evidence=Evidence(score, 20.0, other),
    )
    shown, alone = (draw.answer(answer_of(patch, *c)) for c in ((best, second), (best, best)))
    assert draw_separation.worth_drawing(answer_of(patch, best, second)) == higher
    assert (shown.shape[0] > alone.shape[0]) == higher


@pytest.mark.parametrize("counter", [True, False])
def test_the_place_that_is_told_is_one_that_is_drawn(counter: bool) -> None:
    cells = np.full((56, 7), 0.5 / 392, np.float32)
    other = cells.copy()
    other[5:10, 4:7] = other[20:25, 4:7] = 0
    if counter:
        other[40:47, 4:7] = 1.5 / 392
    two = [candidate(design(0), 0.0, even) for even in (cells, other)]
    answer = answer_of(patch_of(design(0)), *two)
    split = answer.separation
    assert split is not None
    assert any(text.startswith("Against it") for text in answer.explanation()) == counter
    shown = draw_separation.places(answer, split)
    assert len(shown) == 2
    assert shown[0] == (split.sectors[0], canvas.GOLD)
    assert shown[1] == (
        (split.against, canvas.COLD) if counter else (split.sectors[1], canvas.GOLD)
    )


@pytest.mark.parametrize(
    ("known", "first", "second", "drawn"),
    [
        (False, 0.0009, 0.0005, False),
        (False, 0.4, 0.1, False),  # none of them: 0.5
        (False, 0.4, 0.3, True),
        (True, 0.4, 0.1, True),
    ],
)
def test_nothing_is_separated_where_it_is_none_of_them(
    known: bool, first: float, second: float, drawn: bool
) -> None:
    cells = np.full((14, 7), 0.5 / 98, np.float32)
    other = cells.copy()
    other[2:4, 3:6] = 0
    two = (
        replace(candidate(design(0), 0.0, even), probability=chance)
        for even, chance in ((cells, first), (other, second))
    )
    answer = answer_of(patch_of(design(0)), *two, known=known)
    assert draw_separation.worth_drawing(answer) == drawn
    assert draw_separation.worth_drawing(replace(answer, known=False, calibrated=False))


@pytest.mark.parametrize(("count", "across"), [(1, 1), (2, 2), (3, 3), (6, 6), (9, 6)])
def test_a_contact_sheet_is_as_wide_as_what_it_shows(count: int, across: int) -> None:
    cards = [draw.Card(design(0), "obverse", "a-name-that-is-far-too-long-for-its-picture.jpg")]
    for words in ("Krona", "A name that is far too long for one line of a sheet of one picture"):
        sheet = draw.contact(cards * count, words)
        inside = across * (draw.CARD + canvas.GAP) - canvas.GAP
        assert sheet.shape[1] == inside + 2 * canvas.MARGIN
        edge = sheet[:, -canvas.MARGIN :]
        assert (edge == canvas.GROUND).all(), "nothing runs over the margin"


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.webp"])
def test_save_writes_what_the_name_says(tmp_path: Path, name: str) -> None:
    pixels = design(0)
    draw.save(pixels, tmp_path / name)
    with Image.open(tmp_path / name) as picture:
        assert picture.format == canvas.FORMATS[Path(name.lower()).suffix]
        assert np.abs(np.asarray(picture.convert("RGB"), int) - pixels).mean() < 3


@pytest.mark.parametrize("name", ["a.gif", "a.pdf", "answer", "a."])
def test_an_unknown_extension_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.jpg"):
        draw.save(design(0), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_date_is_boxed_where_it_stands() -> None:
    """A photo decoded at half its size: boxes are in full-size pixels."""
    photo = photo_of(np.full((200, 200, 3), 90, np.uint8), scale=0.5)
    region = Region((0, 0, 400, 400), 1.0, Ellipse(199.5, 199.5, 198, 198))
    corners = ((100.0, 250.0), (300.0, 250.0), (300.0, 310.0), (100.0, 310.0))
    shown = year(photo, region, YearReading(1987, "1987", 0.97, (corners,), ("1987",)))
    factor = shown.shape[1] / 400
    gold = np.abs(shown.astype(int) - canvas.GOLD).sum(axis=2) < 60
    low = gold[shown.shape[0] // 3 :]
    ys, xs = np.nonzero(low)
    ys = ys + shown.shape[0] // 3
    found = [xs.min(), xs.max(), ys.min(), ys.max()]
    assert found == pytest.approx([f * factor for f in (100, 300, 250, 310)], abs=0.02 * 400)
    plain = year(photo, region, None)
    assert not (np.abs(plain.astype(int) - canvas.GOLD).sum(axis=2) < 60)[200:].any()


def test_the_date_is_boxed_on_the_upright_coin() -> None:
    """A box left of the middle, on a coin that lies a quarter turn off, stands below it."""
    patch = patch_of(design(0))
    corners = ((20.0, 96.0), (60.0, 96.0), (60.0, 160.0), (20.0, 160.0))
    read = YearReading(1987, "1987", 0.97, (corners,), ("1987",))
    best = candidate(design(90), 270.0, np.full((14, 7), 0.004, np.float32))
    assert best.upright == 90.0
    dated, plain = (draw.answer(answer_of(patch, replace(best, year=y))) for y in (read, None))
    x0, y0 = draw.MARGIN, draw.MARGIN + 108
    tile = np.s_[y0 : y0 + draw.TILE, x0 : x0 + draw.TILE]
    ys, xs = np.nonzero((dated[tile] != plain[tile]).any(axis=2))
    factor = draw.TILE / SIZE
    # A quarter turn counter-clockwise takes (x, y) to (y, side - x).
    wanted = [f * factor for f in (96, 160, SIZE - 60, SIZE - 20)]
    found = [xs.min(), xs.max(), ys.min(), ys.max()]
    assert found == pytest.approx(wanted, abs=6)
