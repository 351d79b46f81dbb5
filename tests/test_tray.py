"""A tray: reading order, one bad object, the table, and minted coins at known places."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from obverse import Catalogue, canvas
from obverse.catalogue.importers import Row
from obverse.draw_tray import tray as drawn
from obverse.mint import coin_type, scan
from obverse.tray import COLUMNS, each, reading_order, rows
from obverse.types import U8, Ellipse, Photo, Region, Tray, YearReading
from obverse.year.reader import Reading

pytestmark = pytest.mark.xdist_group("tray")

ROWS, PLACES = 3, 4
RADIUS, PITCH = 150, 380
SEED = 4


def region(x: float, y: float, r: float = 10) -> Region:
    return Region((x - r, y - r, x + r, y + r), 1.0, Ellipse(x, y, r, r))


def middles(regions: list[Region]) -> list[tuple[float, float]]:
    return [((r.box[0] + r.box[2]) / 2, (r.box[1] + r.box[3]) / 2) for r in regions]


def test_objects_are_read_row_by_row() -> None:
    rng = np.random.default_rng(0)
    wobble = rng.uniform(-4, 4, (20, 2))
    grid = [(100.0 * (i % 5) + dx, 60.0 * (i // 5) + dy) for i, (dx, dy) in enumerate(wobble)]
    shuffled = [region(*grid[i], r=rng.uniform(15, 25)) for i in rng.permutation(len(grid))]
    assert np.allclose(middles(reading_order(shuffled)), grid)


def test_a_falling_line_of_objects_does_not_become_one_row() -> None:
    down = [region(200.0 - 9 * i, 9.0 * i) for i in range(20)]
    heights = [y for _, y in middles(reading_order(down))]
    assert heights[0] < 10 < 100 < heights[-1]


def test_one_bad_object_never_stops_the_rest() -> None:
    def make(r: Region) -> float:
        if r.box[0] == 90.0:
            raise ValueError("cannot convert float NaN to integer")
        return 1 / (r.box[0] - 40.0)

    regions = [region(x, 0) for x in (30.0, 50.0, 100.0, 70.0)]
    made, failed = each(regions, make)
    assert made == pytest.approx([-1 / 20, 1 / 20])
    assert [r for r, _ in failed] == [regions[1], regions[2]]
    assert "ZeroDivisionError" in failed[0][1]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Both sides of six minted types."""
    folder = tmp_path_factory.mktemp("tray")
    listed = []
    for n in range(ROWS * PLACES // 2):
        for side in ("obverse", "reverse"):
            path = folder / f"{n}-{side}.png"
            cv2.imwrite(str(path), scan(coin_type(SEED, n), side, size=320)[..., ::-1])
            listed.append(Row(path, f"type-{n}", side, f"Type {n}", {}))
    opened = Catalogue(folder / "tray.obv")
    opened.add(listed)
    return opened


@pytest.fixture(scope="module")
def composed(catalogue: Catalogue) -> tuple[U8, list[tuple[str, int, int]]]:
    """The catalogue's own coins, turned, in rows: pixels, and the item and centre of each."""
    rng = np.random.default_rng(3)
    table = np.full((ROWS * PITCH, PLACES * PITCH, 3), (96, 70, 48), np.uint8)
    truth = []
    for k, i in enumerate(rng.permutation(ROWS * PLACES)):
        x, y = (int(PITCH * (v + 0.5) + rng.integers(-12, 13)) for v in (k % PLACES, k // PLACES))
        coin = scan(coin_type(SEED, int(i) // 2), ("obverse", "reverse")[i % 2], size=2 * PITCH)
        lay(table, coin, x, y, float(rng.uniform(0, 360)))
        truth.append((f"type-{i // 2}", x, y))
    return table, truth


def lay(table: U8, coin: U8, x: int, y: int, degrees: float) -> None:
    """Lay a scan's coin, turned, with its middle at a place; a scan's ground is near to white."""
    on_coin = np.argwhere((coin < 235).any(axis=2))
    low, high = on_coin.min(axis=0), on_coin.max(axis=0)
    middle, across = (low + high) / 2, float((high - low).max()) + 1
    matrix = cv2.getRotationMatrix2D((middle[1], middle[0]), degrees, 2 * RADIUS / across)
    matrix[:, 2] += np.array([x, y]) - middle[::-1]
    size = (table.shape[1], table.shape[0])
    moved = cv2.warpAffine(coin, matrix, size, flags=cv2.INTER_AREA)
    disc = np.zeros(table.shape[:2], np.uint8)
    cv2.circle(disc, (x, y), RADIUS - 1, 255, -1, cv2.LINE_AA)
    cover = disc[..., None] / 255.0
    table[:] = table * (1 - cover) + moved * cover


@pytest.fixture(scope="module")
def answered(catalogue: Catalogue, composed: tuple[U8, list[tuple[str, int, int]]]) -> Tray:
    return catalogue.identify_all(composed[0], top=3)


def test_every_coin_of_a_tray_gets_the_right_item(
    answered: Tray, composed: tuple[U8, list[tuple[str, int, int]]]
) -> None:
    truth = composed[1]
    assert answered.failed == ()
    assert len(answered.answers) == len(truth)
    for answer, (item, x, y) in zip(answered.answers, truth, strict=True):
        assert answer.best is not None
        assert answer.best.item.id == item
        ellipse = answer.patch.region.ellipse
        assert ellipse is not None
        assert np.hypot(ellipse.cx - x, ellipse.cy - y) < 0.04 * RADIUS
        assert answer.patch.region.box == pytest.approx(
            (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS), abs=0.06 * RADIUS
        )
        assert len(answer.candidates) == 3


def test_the_table_and_the_json_say_the_same(answered: Tray) -> None:
    table, told = rows(answered), answered.to_dict()
    assert [tuple(row) for row in table] == [COLUMNS] * len(answered.answers)
    assert [row["number"] for row in table] == list(range(1, len(table) + 1))
    for row, one in zip(table, told["objects"], strict=True):
        assert row["number"] == one["number"]
        assert row["item"] == one["best"]["item"]["id"]
        assert row["probability"] == one["best"]["probability"]
        assert row["known"] == one["known"]
        box = [row[k] for k in ("x0", "y0", "x1", "y1")]
        assert box == pytest.approx(one["region"]["box"], abs=0.06)
        assert row["a"] == pytest.approx(one["region"]["ellipse"]["a"], abs=0.01)
        assert "photo" not in one
    assert set(told["times_ms"]) >= {"decode", "find", "embed", "search", "verify", "fetch"}


def test_each_object_is_answered_as_it_is_alone(catalogue: Catalogue, answered: Tray) -> None:
    """The same region asked about by itself, through other code: no batch, one search."""
    pipeline = catalogue.pipeline
    for answer in answered.answers[::5]:
        patch = pipeline.normalise(answered.photo, answer.patch.region)
        query = pipeline.embed_query(patch)
        hits = pipeline.search(catalogue.store, query)
        scores, _ = pipeline.verify(query, hits)
        assert answer.best is not None
        assert hits.views[int(scores.argmax())] == answer.best.view.id
        closer = pipeline.closer(catalogue.store, patch)
        _, standing, _ = pipeline.rank(query, hits, 1, closer)
        assert answer.best.score == pytest.approx(standing.scores[0], abs=1e-3)
        assert answer.best.score >= float(scores.max()) - 1e-4


def test_a_bad_region_is_told_and_the_others_answered(
    catalogue: Catalogue, answered: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = [a.patch.region for a in answered.answers[:2]]
    bad = replace(good[0], ellipse=Ellipse(20.0, 700.0, 0.0, 0.0), box=(20.0, 700.0, 20.0, 700.0))

    class Broken:
        name = "broken"

        def find(self, photo: Photo) -> list[Region]:
            return [good[1], bad, good[0]]

        def first(self, photo: Photo) -> Region:
            raise NotImplementedError

    monkeypatch.setitem(catalogue.pipeline.__dict__, "finder", Broken())
    tray = catalogue.identify_all(answered.photo)
    assert [a.best and a.best.item.id for a in tray.answers] == [
        a.best and a.best.item.id for a in answered.answers[:2]
    ]
    assert [r for r, _ in tray.failed] == [bad]
    told = tray.to_dict()
    assert told["failed"][0]["region"]["box"] == list(bad.box)
    # The numbers are those of everything that was found: the bad one lies on the row below.
    assert [one["number"] for one in told["objects"]] == [1, 2]
    assert told["failed"][0]["number"] == 3
    left = replace(bad, box=(5.0, 150.0, 5.0, 150.0))
    assert replace(tray, failed=((left, "bad"),)).numbers == (2, 3, 1)
    assert drawn(tray).shape[1] >= answered.photo.width


def test_a_tray_of_shares_calls_nothing_known_or_unknown(
    answered: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = canvas.Canvas.text

    def text(self: canvas.Canvas, x: float, y: float, words: str, **style: Any) -> float:
        written.append(words)
        return write(self, x, y, words, **style)

    monkeypatch.setattr(canvas.Canvas, "text", text)
    blank = replace(answered.photo, pixels=np.full_like(answered.photo.pixels, 90))
    unknown = replace(
        answered, photo=blank, answers=tuple(replace(a, known=False) for a in answered.answers)
    )
    shares = replace(
        unknown, answers=tuple(replace(a, calibrated=False) for a in unknown.answers)
    )  # fmt: skip

    def has(picture: U8, colour: canvas.Colour) -> bool:
        return bool((picture == colour).all(axis=-1).any())

    assert has(drawn(unknown), canvas.RED)
    assert any("0 recognised" in words for words in written)
    written.clear()
    picture = drawn(shares)
    assert not has(picture, canvas.RED)
    assert not has(picture, canvas.GREEN)
    assert not any("recognised" in words for words in written)
    assert any("not calibrated" in words for words in written)


def test_the_year_of_every_object_is_read_where_somebody_asks(
    catalogue: Catalogue, answered: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reader:
        def read(self, photo: Photo, region: Region, *rest: object) -> Reading:
            year = 1900 + round(region.box[0])
            return Reading(YearReading(year, str(year), 0.9, (), ()), {year: 0.9})

    monkeypatch.setitem(catalogue.pipeline.__dict__, "years", Reader())
    dated = catalogue.identify_all(answered.photo, year=True)
    assert [row["year"] for row in rows(dated)] == [
        1900 + round(answer.patch.region.box[0]) for answer in answered.answers
    ]
    assert [a.best and a.best.item.id for a in dated.answers] == [
        a.best and a.best.item.id for a in answered.answers
    ]
    assert {row["year"] for row in rows(answered)} == {""}


def test_the_picture_shows_every_object(answered: Tray, tmp_path: Path) -> None:
    """Known ones are ringed in green, the others in red, and the list has room for all."""
    none = replace(answered, answers=tuple(replace(a, known=False) for a in answered.answers))
    every = replace(answered, answers=tuple(replace(a, known=True) for a in answered.answers))
    red, green = drawn(none).astype(int), drawn(every).astype(int)
    assert red.shape == green.shape
    assert red.shape[0] > answered.photo.height
    photo = slice(0, answered.photo.height * red.shape[1] // answered.photo.width)
    reddish = (red[photo, :, 0] > red[photo, :, 1] + 80) & (
        green[photo, :, 1] > green[photo, :, 0] + 60
    )
    factor = red.shape[1] / answered.photo.width
    for answer in answered.answers:
        x, y = (
            round(v * factor)
            for v in (answer.patch.region.box[0], sum(answer.patch.region.box[1::2]) / 2)
        )
        assert reddish[y - 6 : y + 7, max(x - 6, 0) : x + 7].any()
