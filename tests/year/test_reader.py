"""Years read back: from minted coins, whose year is known, at any turn, or not at all."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from obverse.mint.design import CoinType, coin_type
from obverse.mint.photo import snap
from obverse.mint.render import scan
from obverse.types import U8, Ellipse, Region
from obverse.year.calendars import Dated, dates_of
from obverse.year.ocr import TextBox
from obverse.year.reader import OTHERS, Reading, YearReader, picture, probability
from obverse.year.spots import follows
from tests.coins import face, photo_of, turned, whole_disc

ANY = dates_of({"year_from": 1700, "year_to": 2040})


@pytest.fixture(scope="module")
def reader() -> YearReader:
    return YearReader()


def dated_side(coin: CoinType) -> str:
    """The side whose texts hold the year."""
    return "obverse" if any("{year}" in t.text for t in coin.obverse.texts) else "reverse"


@cache
def minted(index: int) -> tuple[U8, int]:
    coin = coin_type(5, index)
    year = coin.years[-1]
    return scan(coin, dated_side(coin), year=year, size=512, wear=0.05), year


def read(
    reader: YearReader, image: U8, dates: list[Dated], turn: float | None, fill: float = 0.94
) -> Reading:
    middle, reach = image.shape[0] / 2 - 0.5, fill * image.shape[0] / 2
    region = Region((0, 0, 512, 512), 1.0, Ellipse(middle, middle, reach, reach))
    return reader.read(photo_of(image), region, dates, turn)


def test_the_years_of_minted_coins_are_read_back(reader: YearReader) -> None:
    right = wrong = 0
    for index in range(8):
        image, year = minted(index)
        best = read(reader, image, ANY, 0.0).best
        right += best is not None and best.year == year
        wrong += best is not None and best.year != year
    assert right >= 7
    assert wrong == 0


def test_a_photo_is_read_at_its_turn_and_the_box_lies_on_the_date(reader: YearReader) -> None:
    coin = coin_type(5, 0)
    side = dated_side(coin)
    shot = snap(coin, side, np.random.default_rng(3), tilt=12.0, turn=130.0, wear=0.05)
    photo = photo_of(shot.image)
    region = Region((0, 0, 1, 1), 1.0, shot.ellipse)
    known, lost = (reader.read(photo, region, ANY, t).best for t in (shot.turn, None))
    assert known is not None
    assert lost is not None
    assert known.year == lost.year == shot.year
    # Painted over, the date is gone.
    blank = shot.image.copy()
    for box in known.boxes:
        cv2.fillPoly(blank, [np.round(box).astype(np.int32)], [128, 128, 128])
    again = reader.read(photo_of(blank), region, ANY, shot.turn).best
    assert again is None or again.year != shot.year


def halves(year: str) -> U8:
    """A disc with the date on either side of a blot."""
    image = np.full((512, 512, 3), (190, 180, 160), np.uint8)
    cv2.circle(image, (256, 256), 70, (90, 80, 70), -1)
    for piece, x in ((year[:2], 70), (year[2:], 370)):
        cv2.putText(image, piece, (x, 270), 2, 1.6, (60, 52, 44), 3, cv2.LINE_AA)
    return image


@pytest.mark.parametrize("turn", [0.0, 160.0])
def test_a_date_in_two_halves_is_one_number(reader: YearReader, turn: float) -> None:
    image = turned(halves("1987"), turn)
    best = read(reader, image, ANY, turn, fill=1.0).best
    assert best is not None
    assert (best.year, best.text) == (1987, ("19", "87"))
    first, second = (np.mean(box, axis=0) for box in best.boxes)
    angle = -np.degrees(np.arctan2(second[1] - first[1], second[0] - first[0]))
    assert abs((angle - turn + 180) % 360 - 180) < 4


def test_only_possible_years_are_read(reader: YearReader) -> None:
    image, year = minted(1)
    allowed = [Dated(str(y), y) for y in (year - 3, year, year + 4)]
    best = read(reader, image, allowed, 0.0).best
    assert best is not None
    assert best.year == year
    others = read(reader, image, [Dated(str(y), y) for y in range(1400, 1500)], 0.0)
    assert others.best is None


def test_a_year_that_nobody_expects_is_read_all_the_same(reader: YearReader) -> None:
    image, year = minted(0)
    middle, reach = 255.5, 0.94 * 256
    region = Region((0, 0, 512, 512), 1.0, Ellipse(middle, middle, reach, reach))
    photo, listed = photo_of(image), [Dated(str(y), y) for y in (year - 30, year - 7, year + 1)]
    free = reader.read(photo, region, listed, 0.0, ANY)
    assert free.best is not None
    assert free.best.year == year
    assert sum(free.chances.values()) == pytest.approx(1.0)
    # Among others of the same chance each, what is expected is the likelier one.
    plain = reader.read(photo, region, ANY, 0.0)
    doubt = [r.chances[year] / r.chances[year + 1] for r in (plain, free)]
    assert doubt[1] == pytest.approx(OTHERS * doubt[0])


def test_a_year_of_another_calendar_is_given_in_ours(reader: YearReader) -> None:
    image = halves("2530")
    best = read(reader, image, dates_of({"calendar": "buddhist"}), 0.0, fill=1.0).best
    assert best is not None
    assert (best.written, best.year) == ("2530", 1987)


def test_a_blank_disc_and_a_design_without_a_date_are_not_read(reader: YearReader) -> None:
    blank = np.full((512, 512, 3), 150, np.uint8)
    cv2.circle(blank, (256, 256), 250, (190, 180, 160), -1)
    assert read(reader, blank, ANY, None).best is None
    assert read(reader, blank, ANY, 0.0).chances == {}
    photo = photo_of(face(4))
    assert reader.read(photo, whole_disc(photo), dates_of({"year_from": 1800}), 0.0).best is None


def test_a_script_that_the_recogniser_lacks_is_left_alone(reader: YearReader) -> None:
    image, _ = minted(1)
    assert read(reader, image, [Dated("๒๕๓๐", 1987)], 0.0) == Reading()


def test_the_chances_of_all_years_are_a_distribution(reader: YearReader) -> None:
    image, year = minted(2)
    chances = read(reader, image, ANY, 0.0).chances
    assert set(chances) == {d.year for d in ANY}
    assert sum(chances.values()) == pytest.approx(1.0)
    assert max(chances, key=chances.__getitem__) == year


def test_the_probability_grows_with_likelihood_and_lead() -> None:
    steps = (0.01, 0.2, 0.5, 0.9, 0.99)
    assert np.all(np.diff([probability(s, 0.001) for s in steps]) > 0)
    assert np.all(np.diff([probability(0.9, s) for s in steps]) < 0)


def test_the_picture_is_set_upright() -> None:
    """A blot on the right of a coin that lies turned by a quarter to the left is at the top in the
    photo and on the right again in the picture; the map says where it is."""
    image = np.full((200, 200, 3), 100, np.uint8)
    cv2.circle(image, (100, 40), 8, (250, 250, 250), -1)
    region = Region((0, 0, 200, 200), 1.0, Ellipse(99.5, 99.5, 90, 90))
    plain, evened, matrix = picture(photo_of(image), region, 90.0)
    at = matrix[:, :2] @ [100, 40] + matrix[:, 2]
    middle = plain.shape[0] / 2
    assert at == pytest.approx([middle + 60 / 90 * middle, middle], abs=4)
    assert plain[round(at[1]), round(at[0])].min() > 200
    assert plain.shape == evened.shape


def test_pieces_that_could_not_be_one_number_are_not_joined() -> None:
    first = TextBox(100, 100, 40, 24, 0, 1)
    assert follows(first, TextBox(300, 100, 40, 24, 0, 1), halves=True)
    assert not follows(first, TextBox(300, 100, 40, 24, 0, 1), halves=False)
    assert follows(first, TextBox(145, 104, 20, 24, 8, 1), halves=False)
    assert not follows(TextBox(300, 100, 40, 24, 0, 1), first, halves=True)
    assert not follows(first, TextBox(300, 100, 80, 60, 0, 1), halves=True)
    assert not follows(first, TextBox(300, 140, 40, 24, 0, 1), halves=True)
    assert not follows(first, TextBox(300, 100, 40, 24, 90, 1), halves=True)
    # Along an arc: both lie on a circle about (200, 300).
    assert follows(TextBox(150, 127, 40, 24, -16, 1), TextBox(250, 127, 40, 24, 16, 1), halves=True)
