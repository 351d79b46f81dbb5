"""Sisters of a series: one design, several values, through the whole pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse import Catalogue
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
    sisters: Catalogue, values: list[str | None], asked: int, order: list[int]
) -> None:
    """Ranking with numbers that are given: the photo says 50."""
    pipeline: Pipeline = sisters.pipeline
    query = pipeline.embed_query(pipeline.look(photo_of(photo(sister("50"), 10.0))))
    hits = pipeline.search(sisters.store, query)
    plain, _, _ = pipeline.rank(query, hits, 5)
    told: list[str] = []

    def compare(id: str, evidence: Evidence) -> Evidence:
        told.append(id)
        value = values[len(told) - 1]
        return replace(evidence, numeral=read(value, "50") if value else None)

    first, standing, evidence = pipeline.rank(query, hits, 5, compare)
    assert told == [hits.views[i] for i in plain[:asked]]
    assert first == [plain[i] for i in order] + plain[3:]
    assert (
        standing.scores.tolist()
        == [e.score for e in evidence]
        == pytest.approx([standing.scores[i] for i in range(len(first))])
    )
    said = [e.numeral.view if e.numeral else None for e in evidence[:3]]
    assert said == [values[i] if i < asked else None for i in order]
