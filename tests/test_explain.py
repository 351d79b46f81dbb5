"""Plain sentences: each is said where its condition holds, and not where it does not."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from obverse import separate
from obverse.chinese import CHINESE
from obverse.explain import ENGLISH, MOST, explain, holds_date, place, reasons
from obverse.quality import MEASURES
from obverse.separate import Sector
from obverse.types import (
    F32,
    Answer,
    Candidate,
    Ellipse,
    Evidence,
    Expected,
    Issue,
    Item,
    MarkReading,
    Match,
    Matches,
    NumeralReading,
    Pairing,
    Patch,
    Photo,
    Region,
    View,
    YearReading,
)
from obverse.year.calendars import KEYS

HOLE = re.compile(r"\{(\w+)\}")
SIZE, ROWS, COLUMNS = 256, 56, 7
EVEN = np.full((ROWS, COLUMNS), 0.6 / (ROWS * COLUMNS), np.float32)


def cells(*patches: tuple[int, int, int, int, float]) -> F32:
    """Even agreement, but for patches: first row, rows, first and last column, value."""
    out = EVEN.copy()
    for start, count, inner, outer, value in patches:
        out[separate.mask((start, count, inner, outer), out.shape)] = value / out.size
    return out


def candidate(
    agreement: F32, chance: float, name: str = "krona", turn: float = 0.0, **attributes: object
) -> Candidate:
    view = View(name, name, "reverse", "", "a.jpg", {}, b"", None, "")
    score = float(agreement.sum())
    proof = Evidence(score, turn, agreement)
    return Candidate(Item(name, name.title(), attributes), view, 0.8, score, chance, proof)


def answer_of(*candidates: Candidate, known: bool = True, **more: object) -> Answer:
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    middle = SIZE / 2 - 0.5
    region = Region((0, 0, SIZE, SIZE), 1.0, Ellipse(middle, middle, SIZE / 2, SIZE / 2))
    patch = Patch(pixels, pixels, pixels, np.eye(2, 3), region)
    photo = Photo(pixels, SIZE, SIZE, "", "a.jpg")
    return replace(Answer(photo, patch, known, candidates, {}), **more)


def keys(answer: Answer) -> list[str]:
    return [reason.key for reason in reasons(answer)]


# A tenth of the face, at 12 o'clock near the rim, where the second does not agree.
ABSENT = (10, 8, 4, 7, 0.0)


def test_advice_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    from obverse.cli.answers import write_answer

    issues = [
        Issue(name, 1, 1, "", f"the photo is {name}: mend it") for name in ("dark", "blurred")
    ]
    write_answer(answer_of(candidate(EVEN, 0.9), quality=tuple(issues)), explain=True)
    told = capsys.readouterr().out.lower()
    assert told.count("the photo is dark: mend it") == 1
    assert told.count("the photo is blurred: mend it") == 1
    assert "this is krona" in told


def test_a_plain_answer_says_what_on_what_ground_and_what_is_next() -> None:
    second = candidate(cells(ABSENT), 0.02, "mark")
    answer = answer_of(candidate(EVEN, 0.97, turn=100.0), second)
    told = explain(answer)
    assert told == answer.explanation()
    assert told[0] == "This is Krona (97 %)."
    assert "the catalogue's reverse over 100 % of the face (score 0.60 of 1)" in told[1]
    assert "turned 100° to the left" in told[1]
    assert told[2].startswith(
        "Next in line is Mark (2 %); they part most at 3 o'clock near the rim"
    )
    whole = 0.6 * (1 - 8 * 3 / (ROWS * COLUMNS))
    assert told[2].endswith(
        f"agreement 0.60 against 0.00, over the whole face 0.60 against {whole:.2f}."
    )
    assert len(told) == 3


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (0.2, ""),
        (180.0, "180° to the left"),
        (181.0, "179° to the right"),
        (359.0, "1° to the right"),
    ],
)
def test_the_turn_is_told_the_short_way(turn: float, said: str) -> None:
    best = candidate(EVEN, 0.9, turn=turn)
    ground = explain(answer_of(best))[1]
    assert ("turned" in ground) == bool(said)
    assert said in ground
    # A picture that is no scan lies turned itself: what counts is how the object stands.
    askew = replace(best.view, region={"upright": 40.0})
    proof = replace(best.evidence, turn=(turn + 40) % 360)
    assert explain(answer_of(replace(best, view=askew, evidence=proof)))[1] == ground


def test_the_table_says_the_turn_as_the_sentence_does(capsys: pytest.CaptureFixture[str]) -> None:
    from obverse.cli.answers import write_answer

    write_answer(answer_of(candidate(EVEN, 0.9, turn=330.0)), explain=True)
    told = capsys.readouterr().out
    assert "lying turned 30° to the right" in told
    assert "  30° right  " in told


@pytest.mark.parametrize(("chance", "said"), [(0.9, "90 %"), (0.5, "50 %")])
def test_the_line_says_from_where_an_answer_counts(chance: float, said: str) -> None:
    from obverse.cli.answers import describe

    answer = answer_of(candidate(EVEN, chance), known=chance > 0.711, threshold=0.711)
    assert f"Krona ({said}; known from 71 %)" in describe(answer)
    assert answer.to_dict()["threshold"] == 0.711
    assert "known from" not in describe(replace(answer, threshold=None))
    # Not known, though likely enough: something else decided.
    assert "known from" not in describe(replace(answer, known=not answer.known))


def test_the_share_counts_the_cells_that_agree() -> None:
    agreement = EVEN.copy()
    agreement[: ROWS // 4] = 0.4 / EVEN.size
    assert "over 75 % of the face" in explain(answer_of(candidate(agreement, 0.9)))[1]


def test_an_empty_catalogue_says_so_and_no_more() -> None:
    assert keys(answer_of(known=False)) == ["empty"]


@pytest.mark.parametrize(
    ("known", "first", "second", "wanted"),
    [
        (False, 0.4, 0.3, "rival, a place"),
        (False, 0.5, 0.1, "next, a place"),
        (False, 0.4, 0.1, "next"),
        (False, 0.02, 0.02, "next"),
        (True, 0.3, 0.1, "next, a place"),
        (True, 0.5, 0.45, "next, a place"),
    ],
)
def test_a_rival_is_named_where_it_is_one(
    known: bool, first: float, second: float, wanted: str
) -> None:
    answer = answer_of(
        candidate(EVEN, first), candidate(cells(ABSENT), second, "mark"), known=known
    )
    assert keys(answer)[0] == ("known" if known else "unknown")
    assert keys(answer)[2] == wanted
    assert ("neither is sure enough" in explain(answer)[2]) == wanted.startswith("rival")
    parted = "they part most at 12 o'clock near the rim" in explain(answer)[2]
    assert parted == wanted.endswith("a place"), "said only of an item that it may well be"


def test_a_name_is_told_as_it_is_written() -> None:
    second = candidate(cells(ABSENT), 0.3)
    named = replace(second, item=Item("a/b ü?#%"))
    told = explain(answer_of(candidate(EVEN, 0.4), named, known=False))
    assert told[2].startswith("a/b ü?#% is nearly as likely")


def test_shares_are_not_told_as_probabilities() -> None:
    answer = answer_of(
        candidate(EVEN, 0.4), candidate(cells(ABSENT), 0.3, "mark"), known=False, calibrated=False
    )
    assert keys(answer)[0] == "uncalibrated"
    assert keys(answer)[2] == "next, a place", "no rival: that compares probabilities"
    assert explain(answer)[0] == (
        "The nearest item is Krona, with a share of 40 %; these stages have no calibration, so "
        "nothing is called known."
    )


@pytest.mark.parametrize(
    ("lead", "known", "chance", "said"),
    [
        (0.9, True, 0.9, True),
        (0.65, True, 0.9, False),
        (0.9, False, 0.6, True),
        (0.9, False, 0.01, False),
    ],
)
def test_a_place_for_the_next_item_is_told_where_it_weighs(
    lead: float, known: bool, chance: float, said: bool
) -> None:
    other = cells(ABSENT, (38, 8, 4, 7, lead))
    answer = answer_of(candidate(EVEN, chance), candidate(other, 0.005, "mark"), known=known)
    assert ("counter" in keys(answer)) == said
    if said:
        told = explain(answer)[-1]
        assert "at 6 o'clock near the rim, Mark agrees better (0.90 against 0.60, over" in told


@pytest.mark.parametrize(("value", "said"), [(-0.2, True), (0.2, False)])
def test_a_place_that_does_not_agree_is_told(value: float, said: bool) -> None:
    own, other = cells((30, 10, 3, 6, value)), cells((30, 10, 3, 6, value), ABSENT)
    answer = answer_of(candidate(own, 0.9), candidate(other, 0.05, "mark"))
    assert ("weak" in keys(answer)) == said


def test_a_fault_of_the_photo_is_told_in_its_own_words() -> None:
    issue = Issue("blurred", 0.03, 0.01, "", "the photo is blurred: hold still")
    answer = answer_of(candidate(EVEN, 0.9), quality=(issue,))
    assert explain(answer)[-1] == "The photo is blurred: hold still."
    assert "advice" not in keys(answer_of(candidate(EVEN, 0.9)))


def test_a_picture_that_is_hard_to_recognise_is_told_where_the_answer_is_not_known() -> None:
    best = candidate(EVEN, 0.4)
    proofs = [replace(best.evidence, expected=Expected(s, 0.3)) for s in (0.4567, 0.6)]
    poor, usual = (replace(best, evidence=proof) for proof in proofs)
    assert explain(answer_of(poor, known=False))[-1] == (
        "A clearer picture of Krona in the catalogue would help: hasty photos of this one score "
        "0.46 only."
    )
    assert "poor picture" not in keys(answer_of(poor, known=True))
    assert "poor picture" not in keys(answer_of(usual, known=False))
    assert "poor picture" not in keys(answer_of(best, known=False))
    for beside_the_point in (
        answer_of(replace(poor, probability=0.001), known=False),
        answer_of(poor, candidate(EVEN, 0.39, "pound"), known=False),
        answer_of(
            replace(poor, evidence=replace(proofs[0], numeral=NumeralReading("1", "5", -3.0, ()))),
            known=False,
        ),
    ):
        assert "poor picture" not in keys(beside_the_point)


def boxed(angle: float, radius: float) -> tuple[tuple[float, float], ...]:
    """A box about a place of the disc, in pixels of the photo."""
    x = SIZE / 2 + radius * SIZE / 2 * np.cos(np.radians(angle))
    y = SIZE / 2 - radius * SIZE / 2 * np.sin(np.radians(angle))
    return ((x - 9, y - 5), (x + 9, y - 5), (x + 9, y + 5), (x - 9, y + 5))


def test_the_date_is_told_and_named_where_it_separates() -> None:
    # Rows 10 to 18 of 56 lie about 90 degrees: 87 is the middle.
    second = candidate(cells(ABSENT), 0.02, "mark")
    for angle, there in ((87.0, True), (270.0, False)):
        read = YearReading(1987, "1987", 0.9, (boxed(angle, 0.75),), ("1987",))
        answer = answer_of(replace(candidate(EVEN, 0.97), year=read), second)
        assert "The date reads 1987 (90 %)." in explain(answer)
        assert ("where the date is" in " ".join(explain(answer))) == there
        sector = answer.separation.sectors[0]  # type: ignore[union-attr]
        assert holds_date(sector, read, answer.patch) == there


def test_a_date_of_another_calendar_says_both() -> None:
    read = YearReading(1988, "昭和63", 0.9, (boxed(0, 0.5),), ("63",))
    told = explain(answer_of(replace(candidate(EVEN, 0.97), year=read)))
    assert "The date reads 昭和63, which is 1988 (90 %)." in told


def test_twins_are_told_apart_by_the_date() -> None:
    read = YearReading(1987, "1987", 0.9, (boxed(0, 0.5),), ("1987",))
    one = replace(candidate(EVEN, 0.9, "krona", year=1987), year=read)
    two = candidate(cells(ABSENT), 0.05, "krona", year=1988)
    assert "next, a year" in keys(answer_of(one, two))
    assert "next, a year" not in keys(answer_of(one, candidate(EVEN, 0.05, "mark", year=1988)))
    assert "next, a year" not in keys(answer_of(replace(one, year=None), two))
    other = replace(one, year=replace(read, year=1922, written="1922"))
    told = "The date reads 1922 (90 %), a year that Krona does not have."
    assert told in explain(answer_of(other, two))
    assert "next, a year" not in keys(answer_of(other, two)), "it decides nothing"
    close = replace(candidate(cells(ABSENT), 0.3, "krona", year=1988))
    assert "rival" not in keys(answer_of(replace(other, probability=0.01), close, known=False))
    nothing = candidate(EVEN, 0.9, "krona")
    assert "year" in keys(answer_of(replace(nothing, year=read))), "it says no years"


def test_a_likelier_item_behind_the_first_is_told_why_it_is_there() -> None:
    read = YearReading(1922, "1922", 0.9, (boxed(0, 0.5),), ("1922",))
    one = replace(candidate(EVEN, 0.0005, "krona", year=1987), year=read)
    likelier = candidate(cells(ABSENT), 0.04, "mark")
    told = explain(answer_of(one, likelier, known=False))
    assert (
        "Next in line is Mark (4 %), likelier than Krona, which comes first for its design alone."
        in told
    )
    below = replace(likelier, probability=0.0001)
    assert "next, by design" not in keys(answer_of(one, below, known=False))
    assert "next, by design" not in keys(answer_of(replace(one, year=None), likelier))


def test_items_of_one_title_are_told_apart_wherever_they_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from obverse.cli.answers import write_answer

    cents = [
        replace(c, item=Item(f"cent-{year}", "Cent", {"year": year}))
        for year, c in enumerate([candidate(EVEN, 0.19), candidate(EVEN, 0.17)], 1952)
    ]
    write_answer(answer_of(*cents, known=False), explain=True)
    told = capsys.readouterr().out.splitlines()
    assert "closest: Cent 1952 (19 %)" in told[0]
    assert "the nearest item is Cent 1952 (19 %)" in told[1]
    assert any("Cent 1953 (17 %)" in line for line in told)
    assert [" Cent 1952 " in told[-2], " Cent 1953 " in told[-1]] == [True, True]


def test_the_mint_mark_is_told_and_tells_twins_apart() -> None:
    marked = {"year": 1909, "mint_mark_at": "0.5, -0.5"}
    one = candidate(EVEN, 0.9, "cent", mint_mark="S", **marked)
    two = candidate(cells(ABSENT), 0.05, "cent", mint_mark="none", **marked)
    read = replace(one, mint_mark=MarkReading("S", 0.9, boxed(0, 0.5)))
    assert "The mint mark reads S (90 %)." in explain(answer_of(read))
    assert "next, a mark" in keys(answer_of(read, two))
    assert "next, a mark" not in keys(answer_of(one, two))
    none = replace(two, mint_mark=MarkReading("", 0.8, boxed(0, 0.5)))
    assert "There is no mint mark where one would be (80 %)." in explain(answer_of(none))
    missing = replace(one, mint_mark=MarkReading("", 0.8, boxed(0, 0.5)))
    assert "There is no mint mark (80 %) where Cent has one." in explain(answer_of(missing))
    another = replace(one, mint_mark=MarkReading("D", 0.8, boxed(0, 0.5)))
    assert "The mint mark reads D (80 %), one that Cent does not have." in explain(
        answer_of(another)
    )
    later = candidate(cells(ABSENT), 0.05, "cent", **{**two.item.attributes, "year": 1910})
    dated = replace(read, year=YearReading(1909, "1909", 0.9, (boxed(0, 0.5),), ("1909",)))
    assert "next, a year and a mark" in keys(answer_of(dated, later))
    assert "next, a year" in keys(answer_of(replace(dated, mint_mark=None), later))


@pytest.mark.parametrize(
    ("clock", "inner", "outer", "said"),
    [
        (6, 0.4, 0.7, "at 6 o'clock half way out"),
        (11, 0.6, 1.0, "at 11 o'clock near the rim"),
        (1, 0.2, 0.5, "at 1 o'clock near the centre"),
        (0, 0.0, 0.3, "in the centre"),
    ],
)
def test_places_are_said_as_on_a_clock(clock: int, inner: float, outer: float, said: str) -> None:
    assert place(Sector(0, 40, inner, outer, 0.6, 0.1, 0.1, clock)) == said


@pytest.mark.parametrize(("row", "said"), [(38, True), (10, False)])
def test_dates_are_thought_of_only_where_they_often_are(row: int, said: bool) -> None:
    """Rows about 6 o'clock and about 12, half way out."""
    second = candidate(cells((row, 8, 3, 6, 0.0)), 0.02, "mark", year_from=1880)
    told = " ".join(explain(answer_of(candidate(EVEN, 0.97), second)))
    assert ("where dates often are" in told) == said


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        *[({key: 1880}, True) for key in KEYS],
        *[({}, False), ({"year": ""}, False), ({"country": "Chile"}, False)],
    ],
)
def test_dates_are_thought_of_only_where_an_item_says_its_years(
    attributes: dict[str, object], said: bool
) -> None:
    second = candidate(cells((38, 8, 3, 6, 0.0)), 0.02, "mark", **attributes)
    told = " ".join(explain(answer_of(candidate(EVEN, 0.97), second)))
    assert ("where dates often are" in told) == said


def flat(inliers: int, chance: float) -> Candidate:
    points = np.zeros((40, 2), np.float32)
    matches = Matches(points, points, np.arange(40) < inliers, None)
    proof = Evidence(0.5, 0.0, np.zeros((16, 16), np.float32), matches)
    return replace(candidate(EVEN, chance, f"box {inliers}"), evidence=proof)


def test_flat_things_count_points() -> None:
    told = explain(answer_of(flat(30, 0.9), flat(8, 0.05)))
    assert told[1] == "30 of 40 matched points lie on one plane with the catalogue's reverse."
    assert told[2].endswith("with 8 points against 30.")
    assert keys(answer_of(flat(0, 0.1), known=False))[1] == "no points"
    assert keys(answer_of(flat(9, 0.3), flat(8, 0.2), known=False))[2] == "rival"


def test_two_sides_say_how_they_go_together() -> None:
    one, two = candidate(EVEN, 0.9), candidate(cells(ABSENT), 0.05, "mark")
    pair = [replace(c, sides=(None, Match(c.view, c.evidence))) for c in (one, two)]
    sides = (answer_of(one), answer_of(two))
    fits = answer_of(*pair, sides=sides, pairing=Pairing(False, 0.01, False))
    assert keys(fits)[:3] == ["known", "pairing", "next, a place"]
    assert "near the rim, in the second photo" in explain(fits)[2]
    assert fits.separation is not None
    assert fits.separation.photo == 1
    apart = answer_of(*pair, known=False, sides=sides, pairing=Pairing(False, 0.99, True))
    assert keys(apart) == ["apart"]
    assert explain(apart)[0].endswith("or a fake?")


def test_no_answer_says_more_than_five_sentences_and_every_one_ends() -> None:
    issue = Issue("blurred", 0.03, 0.01, "", "the photo is blurred: hold still")
    read = YearReading(1987, "1987", 0.9, (boxed(0, 0.5),), ("1987",))
    other = cells(ABSENT, (38, 8, 4, 7, 0.9))
    answer = answer_of(
        replace(candidate(EVEN, 0.97), year=read),
        candidate(other, 0.02, "mark"),
        quality=(issue, issue),
    )
    told = explain(answer)
    assert len(told) == MOST
    assert all(re.fullmatch(r"[A-Z0-9].*[.?]", sentence) for sentence in told)


def test_another_language_is_another_table() -> None:
    german = {**ENGLISH, "known": "Das ist {item} ({sure})."}
    assert explain(answer_of(candidate(EVEN, 0.97)), german)[0] == "Das ist Krona (97 %)."


def test_what_was_compared_as_a_whole_says_no_place() -> None:
    told = explain(answer_of(candidate(np.full((1, 1), 0.96, np.float32), 0.5)))
    assert not any("of the face" in line for line in told)
    assert any("as a whole" in line for line in told)


def test_chinese_says_all_that_english_says() -> None:
    """The same keys, and the advice on photos, which is English where it is made; every value that
    is filled in is filled in there as well."""
    assert set(CHINESE) == set(ENGLISH) | set(MEASURES)
    assert not set(ENGLISH) & set(MEASURES)
    for key, text in ENGLISH.items():
        assert sorted(HOLE.findall(CHINESE[key])) == sorted(HOLE.findall(text)), key
    told = {key: re.sub(r"\{\w+\}", "", text) for key, text in CHINESE.items()}
    silent = {key for key, text in told.items() if not re.search(r"[\u4e00-\u9fff]", text)}
    assert silent == {"pairing", "advice", "upright"}
    assert not [key for key, text in told.items() if re.search(r"[A-Za-z]", text)]


def test_chinese_names_sides_as_the_page_does() -> None:
    page = (files("obverse.server") / "web/words/zh.js").read_text(encoding="utf-8")
    for side in ("obverse", "reverse", "edge", "other"):
        (label,) = re.findall(rf'"side\.{side}": "(.+?)"', page)
        assert CHINESE[side].startswith(label)


def test_a_place_and_what_it_says_are_parted_by_a_comma() -> None:
    assert "处，毫无吻合" in CHINESE["weak"].format(
        where=CHINESE["rim"], first="0.00", whole="0.60"
    )


def test_an_answer_in_chinese_has_the_same_reasons() -> None:
    issue = Issue("blurred", 1.0, 0.5, "width", MEASURES["blurred"].advice)
    answer = answer_of(
        candidate(EVEN, 0.9, turn=30), candidate(EVEN, 0.05, "ore"), quality=(issue,)
    )
    keys = [[r.key for r in reasons(answer, words)] for words in (ENGLISH, CHINESE)]
    assert keys[0] == keys[1]
    said = explain(answer, CHINESE)
    assert "Krona" in said[0]
    assert "目录中的背面" in said[1]
    assert "向左转了 30°" in said[1]
    assert f"{CHINESE['blurred']}。" in said
    assert answer.explanation(CHINESE) == said
    assert answer.to_dict(CHINESE)["quality"][0]["advice"] == CHINESE["blurred"]
    assert answer.to_dict()["quality"][0]["advice"] == issue.advice
