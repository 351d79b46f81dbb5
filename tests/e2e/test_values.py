"""Sisters of a series: one design, several values, through the whole pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse import Catalogue, draw
from obverse.catalogue.importers import Row
from obverse.chinese import CHINESE
from obverse.pipeline import Pipeline
from obverse.types import U8, Answer, Evidence, NumeralReading
from tests.coins import face, photo_of, turned

SIDE = 512


def sister(value: str, design: int = 5) -> U8:
    """A coin of a design with its value struck large across the lower half."""
    coin = face(design, SIDE)
    (w, h), _ = cv2.getTextSize(value, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)
    scale = 0.3 * SIDE / h
    box = (SIDE - round(w * scale)) // 2, round(0.72 * SIDE)
    cv2.rectangle(
        coin, (box[0] - 20, box[1] - 175), (SIDE - box[0] + 20, box[1] + 20), (150,) * 3, -1
    )
    cv2.putText(coin, value, box, cv2.FONT_HERSHEY_SIMPLEX, scale, (60,) * 3, 20, cv2.LINE_AA)
    return coin


def photo(coin: U8, degrees: float) -> U8:
    """On a plain table, turned."""
    disc = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(disc, (SIDE // 2, SIDE // 2), SIDE // 2 - 3, 255, -1, cv2.LINE_AA)
    alpha = cv2.copyMakeBorder(disc, 90, 90, 90, 90, cv2.BORDER_CONSTANT)[..., None] / 255.0
    rim = turned(coin, degrees)
    cv2.circle(rim, (SIDE // 2, SIDE // 2), SIDE // 2 - 7, (70, 70, 70), 8, cv2.LINE_AA)
    lying = cv2.copyMakeBorder(rim, 90, 90, 90, 90, cv2.BORDER_CONSTANT)
    table = np.full_like(lying, (222, 214, 200))
    return np.asarray(table * (1 - alpha) + lying * alpha, np.uint8)


def filled(folder: Path, *values: str) -> Catalogue:
    for value in values:
        cv2.imwrite(str(folder / f"{value}.png"), photo(sister(value), 0.0)[..., ::-1])
    for other in (11, 12, 13):
        cv2.imwrite(str(folder / f"other-{other}.png"), photo(face(other, SIDE), 0.0)[..., ::-1])
    catalogue = Catalogue(folder / "coins.obv")
    catalogue.add(folder)
    return catalogue


@pytest.fixture(scope="module")
def sisters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """Three of one design."""
    with filled(tmp_path_factory.mktemp("sisters"), "10", "20", "50") as catalogue:
        yield catalogue


def numeral(answer: Answer) -> NumeralReading:
    assert answer.evidence is not None
    assert answer.evidence.numeral is not None
    return answer.evidence.numeral


def test_a_sister_that_the_catalogue_lacks_is_told_by_its_value(tmp_path: Path) -> None:
    with filled(tmp_path, "20") as catalogue:
        same = catalogue.identify(photo_of(photo(sister("20"), 130.0)))
        other = catalogue.identify(photo_of(photo(sister("50"), 130.0)))
    assert same.best is not None
    assert other.best is not None
    assert same.best.item.id == other.best.item.id == "20"
    assert (numeral(same).view, numeral(same).photo) == ("20", "20")
    assert (numeral(other).view, numeral(other).photo) == ("20", "50")
    assert same.known
    assert not other.known
    assert other.best.probability < 0.7 < 0.99 < same.best.probability
    assert "Both say 20." in same.explanation()
    assert "Against it: the catalogue's picture says 20, the photo 50." in other.explanation()
    assert other.to_dict()["candidates"][0]["evidence"]["numeral"]["photo"] == "50"


@pytest.mark.parametrize("value", ["10", "20", "50"])
def test_of_sisters_the_one_of_that_value_leads(sisters: Catalogue, value: str) -> None:
    answer = sisters.identify(photo_of(photo(sister(value), 250.0)))
    assert answer.best is not None
    assert answer.best.item.id == value
    assert numeral(answer).agrees


@pytest.mark.parametrize("value", ["25", "40"])
def test_sisters_of_other_values_are_not_the_answer(sisters: Catalogue, value: str) -> None:
    """All three differ, so each speaks against itself and none makes another likelier."""
    answer = sisters.identify(photo_of(photo(sister(value), 80.0)))
    assert answer.best is not None
    assert numeral(answer).differs
    assert not answer.known
    assert answer.best.probability < 0.25


def test_the_next_in_line_is_told_by_its_value(sisters: Catalogue) -> None:
    """Where it scored better and another was put first, the sentence says why."""
    answer = sisters.identify(photo_of(photo(sister("20"), 10.0)))
    first, second = answer.candidates[:2]
    proof = replace(second.evidence, numeral=read("50", "20"))
    swapped = replace(answer, candidates=(first, replace(second, evidence=proof)))
    assert any("whose picture says 50 where the photo says 20." in s for s in swapped.explanation())
    assert any("其目录图上写的是 50，照片上是 20。" in s for s in swapped.explanation(CHINESE))
    assert "两者的面值都读作 20。" in swapped.explanation(CHINESE)


def test_a_place_where_nothing_is_legible_is_not_drawn(sisters: Catalogue) -> None:
    answer = sisters.identify(photo_of(photo(sister("20"), 0.0)))
    assert answer.best is not None

    def drawn(photo: str) -> U8:
        proof = replace(
            answer.candidates[0].evidence, numeral=replace(numeral(answer), photo=photo)
        )
        best = replace(answer.candidates[0], evidence=proof)
        return draw.answer(replace(answer, candidates=(best, *answer.candidates[1:])))

    plain = replace(
        answer.candidates[0], evidence=replace(answer.candidates[0].evidence, numeral=None)
    )
    without = draw.answer(replace(answer, candidates=(plain, *answer.candidates[1:])))
    np.testing.assert_array_equal(drawn(""), without)
    assert (drawn("20") != without).any()


def test_two_photos_do_not_make_another_value_right(tmp_path: Path) -> None:
    """The value of one, and a side that both sisters share."""
    other_side = photo(face(21, SIDE), 0.0)
    rows = []
    for name, pixels in (("obverse", photo(sister("20"), 0.0)), ("reverse", other_side)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels[..., ::-1])
        rows.append(Row(tmp_path / f"{name}.png", "20", name, "", {}))
    with Catalogue(tmp_path / "c.obv") as catalogue:
        catalogue.add(rows)
        shared = photo_of(photo(face(21, SIDE), 200.0))
        same = catalogue.identify_sides(photo_of(photo(sister("20"), 70.0)), shared)
        other = catalogue.identify_sides(photo_of(photo(sister("50"), 70.0)), shared)
    assert same.best is not None
    assert other.best is not None
    said = [m.evidence.numeral for m in other.best.sides if m]
    assert [(n.view, n.photo) for n in said if n] == [("20", "50")]
    assert same.known
    assert other.best.probability < same.best.probability
    assert not other.known
    assert "Against it: the catalogue's picture says 20, the photo 50." in other.explanation()
    assert "One of the two says another value." in other.explanation()
    assert "Both say 20." in same.explanation()


def test_sisters_are_no_duplicates(sisters: Catalogue) -> None:
    alike = {frozenset(v.item for v in group.views) for group in sisters.duplicates()}
    assert not any(len(group & {"10", "20", "50"}) > 1 for group in alike)


def test_a_thumbnail_that_cannot_be_decoded_says_nothing(tmp_path: Path) -> None:
    with filled(tmp_path, "20", "50") as catalogue:
        views = catalogue.store.views(embeddings=True)
        catalogue.store.put([replace(view, thumbnail=b"broken") for view in views])
        answer = catalogue.identify(photo_of(photo(sister("20"), 10.0)))
        assert answer.evidence is not None
        assert answer.evidence.numeral is None
        catalogue.duplicates()


def test_a_view_that_goes_meanwhile_says_nothing(sisters: Catalogue) -> None:
    patch = sisters.pipeline.look(photo_of(photo(sister("20"), 10.0)))
    closer = sisters.pipeline.closer(sisters.store, patch)
    assert closer is not None
    proof = Evidence(0.5, 0.0, np.zeros((1, 1), np.float32))
    assert closer.numeral("gone", proof) is proof


def read(view: str, photo: str) -> NumeralReading:
    return NumeralReading(view, photo, 4.0 if view == photo else -4.0 if photo else 0.0, ())


@pytest.mark.parametrize(
    ("values", "asked", "order"),
    [
        (["50", "20", "10"], 1, [0, 1, 2]),  # the first agrees: no need to ask the others
        (["20", "50", "10"], 2, [1, 0, 2]),
        (["20", "10", "50"], 3, [2, 0, 1]),
        (["20", "10", "5"], 3, [0, 1, 2]),  # none agrees: nobody is put first
        ([None, "50", "10"], 1, [0, 1, 2]),
        (["20", None, "50"], 3, [2, 0, 1]),
    ],
)
def test_who_is_asked_and_who_leads(
    sisters: Catalogue,
    values: list[str | None],
    asked: int,
    order: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ranking with numbers that are given: the photo says 50."""
    pipeline: Pipeline = sisters.pipeline
    patch = pipeline.look(photo_of(photo(sister("50"), 10.0)))
    query, closer = pipeline.embed_query(patch), pipeline.closer(sisters.store, patch)
    assert closer is not None
    hits = pipeline.search(sisters.store, query)
    plain, _, _ = pipeline.rank(query, hits, 5)
    told: list[str] = []

    def compare(id: str, evidence: Evidence) -> Evidence:
        told.append(id)
        value = values[len(told) - 1]
        return replace(evidence, numeral=read(value, "50") if value else None)

    monkeypatch.setattr(closer, "lay", lambda ids, maps, evidence: list(evidence))
    monkeypatch.setattr(closer, "numeral", compare)
    first, standing, evidence = pipeline.rank(query, hits, 5, closer)
    assert told == [hits.views[i] for i in plain[:asked]]
    assert first == [plain[i] for i in order] + plain[3:]
    # Each computed by itself, so the last digits are the processor's.
    assert standing.scores.tolist() == pytest.approx([e.score for e in evidence], abs=1e-5)
    said = [e.numeral.view if e.numeral else None for e in evidence[:3]]
    assert said == [values[i] if i < asked else None for i in order]
