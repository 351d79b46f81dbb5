"""Two sides: pairs of views by a slow formula, and minted coins asked about by both sides."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obverse import Catalogue, decide
from obverse.catalogue.importers import Row
from obverse.draw_sides import sides as drawn
from obverse.errors import PhotoError, UsageError
from obverse.explain import pairing
from obverse.fuse import NONE, both_sides, join
from obverse.mint import coin_type, scan, snap
from obverse.types import U8, Answer, Region
from obverse.words import side_names
from tests.coins import photo_of

TYPES, SEED, NEUTRAL = 6, 21, 0.45
SIDES = ("obverse", "reverse")


def slow(table: np.ndarray, own: list[int], sides: list[str]) -> float:
    """The joined score of an item, by trying everything."""
    options = [
        (table[0, i] + table[1, j]) / 2
        for i, j in itertools.permutations(own, 2)
        if not (sides[i] and sides[i] == sides[j])
    ]
    if len({sides[i] for i in own if sides[i]}) < 2:
        options += [(table[k, i] + NEUTRAL) / 2 for k in (0, 1) for i in own]
    return float(max(options))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 14))
def test_items_are_joined_as_a_slow_formula_joins_them(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.uniform(-1, 1, (2, n)).astype(np.float32)
    items = [f"{k}" for k in rng.integers(0, 4, n)]
    sides = [("", *SIDES)[k] for k in rng.integers(0, 3, n)]
    joined = join(table, items, sides, NEUTRAL, same_side=False)
    owned = {item: [i for i in range(n) if items[i] == item] for item in items}
    want = {item: slow(table, own, sides) for item, own in owned.items()}
    assert sorted(joined.items) == sorted(want)
    assert joined.scores == pytest.approx([want[item] for item in joined.items], abs=1e-6)
    assert list(joined.scores) == sorted(joined.scores, reverse=True)
    for item, score, (i, j) in zip(joined.items, joined.scores, joined.places, strict=True):
        assert {int(k) for k in (i, j)} - {NONE} <= set(owned[item])
        first, second = (NEUTRAL if k == NONE else table[row, k] for row, k in enumerate((i, j)))
        assert (first + second) / 2 == pytest.approx(score, abs=1e-6)
    turned = join(table[::-1], items, sides, NEUTRAL, same_side=False)
    assert turned.scores == pytest.approx(joined.scores)
    assert turned.gap == pytest.approx(joined.gap)


def test_one_side_twice_takes_one_view_for_both() -> None:
    table = np.array([[0.9, 0.1, 0.6], [0.7, 0.2, 0.8]], np.float32)
    joined = join(table, ["a", "a", "b"], ["obverse", "reverse", ""], NEUTRAL, same_side=True)
    assert joined.items == ["a", "b"]
    assert joined.scores == pytest.approx([0.8, 0.7])
    assert joined.places.tolist() == [[0, 0], [2, 2]]


def test_the_gap_tells_two_things_from_one() -> None:
    sides = ["obverse", "reverse"] * 2
    one = np.array([[0.9, 0.2, 0.3, 0.3], [0.2, 0.8, 0.3, 0.2]], np.float32)
    two = np.array([[0.9, 0.2, 0.3, 0.3], [0.2, 0.3, 0.3, 0.8]], np.float32)
    gaps = [join(t, list("aabb"), sides, NEUTRAL, False).gap for t in (one, two)]
    assert gaps[0] == pytest.approx(0, abs=1e-6)
    assert gaps[1] == pytest.approx(0.85 - 0.6)
    twice = np.array([[0.9, 0.2], [0.8, 0.1]], np.float32)
    assert join(twice, list("aa"), SIDES, NEUTRAL, False).gap == pytest.approx(0, abs=1e-6)


def test_the_shipped_calibration_of_two_sides() -> None:
    rule = decide.get_pair("coin")
    assert rule.apart(0.0) < rule.threshold < rule.apart(0.4)
    assert rule.disagree(rule.threshold)
    assert 0 < rule.neutral < rule.decider.rival < rule.alike < 1
    card = rule.decider.card
    for key in ("fitted_on", "cross_validated", "two photos", "called mixed up", "command"):
        assert key in card
    one, two = (card[k]["operating_points"]["0.005"] for k in ("one photo", "two photos"))
    assert two["correct"] > one["correct"]


def test_no_calibration() -> None:
    with pytest.raises(UsageError, match="ask about each photo by itself"):
        decide.get_pair("no-such-recipe")


def test_the_only_photo_must_show_two_objects() -> None:
    photo = photo_of(np.zeros((64, 64, 3), np.uint8))
    regions = [Region((0, 0, n, n), 1.0) for n in (30, 20, 10)]
    assert both_sides(photo, regions) == [(photo, regions[1]), (photo, regions[0])]
    with pytest.raises(PhotoError, match="shows one object"):
        both_sides(photo, regions[:1])
    with pytest.raises(PhotoError, match="shows no object"):
        both_sides(photo, [Region((0, 0, 64, 64), 0.0, whole=True)])


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Minted types: both sides of all but the last, of which there is an obverse only."""
    folder = tmp_path_factory.mktemp("sides")
    listed = []
    for n, side in itertools.product(range(TYPES), SIDES):
        if (n, side) != (TYPES - 1, "reverse"):
            path = folder / f"{n}-{side}.png"
            cv2.imwrite(str(path), scan(coin_type(SEED, n), side, size=320)[..., ::-1])
            listed.append(Row(path, f"type-{n}", side, f"Type {n}", {}))
    opened = Catalogue(folder / "sides.obv")
    opened.add(listed)
    return opened


def shot(n: int, side: str, seed: int = 0) -> U8:
    return snap(coin_type(SEED, n), side, np.random.default_rng([n, SIDES.index(side), seed])).image


@pytest.fixture(scope="module")
def right(catalogue: Catalogue) -> Answer:
    return catalogue.identify_sides(shot(1, "reverse"), shot(1, "obverse"))


def test_both_sides_speak_for_one_item(right: Answer) -> None:
    assert right.best is not None
    assert right.pairing is not None
    assert (right.best.item.id, right.known) == ("type-1", True)
    assert [m and m.view.side for m in right.best.sides] == ["reverse", "obverse"]
    assert not right.pairing.disagree
    assert not right.pairing.same_side
    proofs = [m.evidence.score for m in right.best.sides if m]
    assert right.best.score == pytest.approx(sum(proofs) / 2, abs=1e-4)
    assert right.best.evidence.score == max(proofs)
    assert right.photo is right.sides[0].photo
    for side in right.sides:
        assert side.best is not None
        assert side.best.item.id == "type-1"


def test_the_order_of_the_photos_does_not_matter(catalogue: Catalogue, right: Answer) -> None:
    turned = catalogue.identify_sides(shot(1, "obverse"), shot(1, "reverse"))
    assert [c.item.id for c in turned.candidates] == [c.item.id for c in right.candidates]
    assert [c.probability for c in turned.candidates] == pytest.approx(
        [c.probability for c in right.candidates], abs=1e-6
    )
    assert turned.best is not None
    assert [m and m.view.side for m in turned.best.sides] == ["obverse", "reverse"]


def test_one_photo_may_show_both_sides(catalogue: Catalogue) -> None:
    halves = [cv2.resize(scan(coin_type(SEED, 2), side, size=320), (300, 300)) for side in SIDES]
    photo = np.full((400, 760, 3), 255, np.uint8)
    photo[50:350, 40:340], photo[50:350, 420:720] = halves
    answer = catalogue.identify_sides(photo)
    assert answer.best is not None
    assert answer.best.item.id == "type-2"
    assert [m and m.view.side for m in answer.best.sides] == list(SIDES), "from left to right"
    assert side_names(answer) == ("first object", "second object")
    with pytest.raises(PhotoError, match="shows one object"):
        catalogue.identify_sides(photo[:, :380])


def test_mixed_up_sides_are_flagged_in_plain_words(catalogue: Catalogue, tmp_path: Path) -> None:
    answer = catalogue.identify_sides(shot(0, "obverse"), shot(3, "reverse"))
    assert answer.pairing is not None
    assert answer.pairing.disagree
    assert not answer.known
    assert [side.best and side.best.item.id for side in answer.sides] == ["type-0", "type-3"]
    line = pairing(answer)
    assert "disagree" in line
    assert "Type 0" in line
    assert "Type 3" in line
    assert drawn(answer).ndim == 3


def test_one_side_twice_is_noticed(catalogue: Catalogue) -> None:
    answer = catalogue.identify_sides(shot(1, "obverse"), shot(1, "obverse", seed=1))
    assert answer.pairing is not None
    assert answer.pairing.same_side
    assert not answer.pairing.disagree
    assert answer.best is not None
    assert answer.best.item.id == "type-1"
    assert [m and m.view.side for m in answer.best.sides] == ["obverse", "obverse"]
    assert "same side" in pairing(answer)


def test_a_side_without_a_picture_is_no_contradiction(catalogue: Catalogue) -> None:
    answer = catalogue.identify_sides(shot(TYPES - 1, "reverse"), shot(TYPES - 1, "obverse"))
    assert answer.best is not None
    assert answer.best.item.id == f"type-{TYPES - 1}"
    assert answer.best.sides[0] is None
    assert answer.pairing is not None
    assert not answer.pairing.disagree
    assert "no picture of the side in the first photo" in pairing(answer)
    assert drawn(answer).ndim == 3


@pytest.mark.parametrize(("types", "top"), [(1, 5), (3, 1), (3, 2)])
def test_nothing_has_a_picture_of_one_side(types: int, top: int, tmp_path: Path) -> None:
    """A catalogue of obverses: the photo of the reverse is compared with nothing."""
    with Catalogue(tmp_path / "obverses.obv") as obverses:
        for n in range(types):
            picture = scan(coin_type(SEED, n), "obverse", size=320)
            obverses.add([Row(obverses.load(picture), f"type-{n}")])
        for asked in (("obverse", "reverse"), ("reverse", "obverse")):
            answer = obverses.identify_sides(*(shot(0, side, seed=1) for side in asked), top=top)
            assert answer.best is not None
            assert answer.best.item.id == "type-0"
            assert len(answer.candidates) <= top
            assert answer.best.sides[asked.index("reverse")] is None
            assert drawn(answer).ndim == 3


def test_json_of_two_sides_adds_to_that_of_one(catalogue: Catalogue, right: Answer) -> None:
    one, two = catalogue.identify(shot(1, "obverse")).to_dict(), right.to_dict()
    assert set(two) - set(one) == {"sides", "pairing"}
    assert set(one) == {
        *("photo", "region", "known", "calibrated", "best", "candidates", "quality", "times_ms"),
        *("separation", "explanation", "threshold"),
    }
    assert set(two["best"]) - set(one["best"]) == {"sides"}
    assert [set(side) for side in two["sides"]] == [set(one)] * 2
    assert set(two["pairing"]) == {"same_side", "apart", "disagree"}


def test_an_empty_catalogue_knows_nothing(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "empty.obv") as empty:
        empty.add([])
        answer = empty.identify_sides(shot(0, "obverse"), shot(0, "reverse"))
        assert (answer.known, answer.candidates) == (False, ())
        assert empty.identify_all(shot(0, "obverse")).answers[0].candidates == ()


def test_the_sides_of_one_photo_are_told_in_reading_order() -> None:
    photo = photo_of(np.zeros((200, 400, 3), np.uint8))
    small, large = Region((20, 60, 120, 160), 0.9), Region((220, 20, 380, 180), 0.9)
    assert both_sides(photo, [large, small]) == [(photo, small), (photo, large)]
