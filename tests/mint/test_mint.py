"""What ``mint`` writes: complete, consistent, reproducible."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse.errors import UsageError
from obverse.mint import MintReport, coin_type, mint
from obverse.types import Ellipse

TYPES, PHOTOS = 7, 2


@pytest.fixture(scope="module")
def minted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MintReport]:
    out = tmp_path_factory.mktemp("mint") / "out"
    return out, mint(out, types=TYPES, photos=PHOTOS, seed=4, size=160)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _files(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_the_report_counts_what_is_there(minted: tuple[Path, MintReport]) -> None:
    out, report = minted
    assert report.to_dict() == {
        "out": str(out),
        "types": TYPES,
        "scans": 2 * TYPES,
        "photos": TYPES * PHOTOS,
        "unknown": PHOTOS,
    }
    assert len(list((out / "catalogue").iterdir())) == TYPES
    assert len(list((out / "photos").glob("*.jpg"))) == TYPES * PHOTOS


def test_the_catalogue_table_tells_what_is_on_the_coins(minted: tuple[Path, MintReport]) -> None:
    out, _ = minted
    rows = _rows(out / "catalogue.csv")
    assert [r["side"] for r in rows] == ["obverse", "reverse"] * TYPES
    for row in rows:
        index = int(row["item"].rsplit("-", 1)[1])
        coin = coin_type(4, index)
        assert row["item"] == coin.item
        assert re.fullmatch(r"[a-z]+-\d+-[a-z]+-\d{4}", row["item"])
        assert row["photo"] == f"catalogue/{row['item']}/{row['side']}.jpg"
        picture = cv2.imread(str(out / row["photo"]))
        assert picture.shape == (160, 160, 3)
        assert picture[0].min() > 220  # plain and nearly white around the coin
        written = " ".join(t.text for t in (*coin.obverse.texts, *coin.reverse.texts))
        value, unit = row["denomination"].split(" ")
        assert re.search(rf"(?<!\d){value}(?!\d)", written)
        assert unit.upper() in written
        assert row["country"].upper() in written
        assert "{year}" in written
        assert row["mint"] == "" or f"{{year}} {row['mint']}" in written
        assert (int(row["year_from"]), int(row["year_to"])) == (coin.years[0], coin.years[-1])
        assert row["title"].startswith(row["country"])


def test_the_truth_table_agrees_with_the_masks(minted: tuple[Path, MintReport]) -> None:
    out, _ = minted
    rows = _rows(out / "truth.csv")
    assert [r["photo"] for r in rows] == [f"photos/{k:04d}.jpg" for k in range(TYPES * PHOTOS)]
    for row in rows:
        coin = coin_type(4, int(row["item"].rsplit("-", 1)[1]))
        assert int(row["year"]) in coin.years
        mask = cv2.imread(str(out / row["mask"]), cv2.IMREAD_UNCHANGED)
        photo = cv2.imread(str(out / row["photo"]))
        assert photo.shape[:2] == mask.shape
        assert set(np.unique(mask)) == {0, 255}
        header = (out / row["mask"]).read_bytes()[:26]
        assert header[24] == 1  # bits per sample
        e = Ellipse(*(float(row[k]) for k in ("cx", "cy", "a", "b", "angle")))
        disc = np.zeros_like(mask)
        cv2.fillPoly(disc, [np.round(e.points(720)).astype(np.int32)], 255)
        if coin.outline.kind == "round" and not coin.outline.hole:
            assert (mask & disc).sum(dtype=int) / (mask | disc).sum(dtype=int) >= 0.98
        assert 0 <= float(row["turn"]) < 360


def test_the_protocol_holds_every_sixth_type_back(minted: tuple[Path, MintReport]) -> None:
    out, _ = minted
    rows = _rows(out / "protocol.csv")
    assert list(rows[0]) == ["photo", "role", "item", "year", "side"]
    by_role = {
        role: {r["item"] for r in rows if r["role"] == role}
        for role in ("catalogue", "query", "unknown")
    }
    assert by_role["query"] == by_role["catalogue"]
    assert by_role["unknown"] == {coin_type(4, 5).item}
    assert not by_role["unknown"] & by_role["catalogue"]
    assert len(rows) == 2 * (TYPES - 1) + TYPES * PHOTOS
    truth = {r["photo"]: r for r in _rows(out / "truth.csv")}
    for row in rows:
        assert (out / row["photo"]).is_file()
        if row["role"] != "catalogue":
            assert all(truth[row["photo"]][k] == row[k] for k in ("item", "year", "side"))


def test_the_same_seed_gives_the_same_bytes_and_more_types_change_none(
    minted: tuple[Path, MintReport], tmp_path: Path
) -> None:
    seen: list[tuple[int, int, str]] = []
    mint(tmp_path, types=2, photos=PHOTOS, seed=4, size=160, progress=lambda *a: seen.append(a))
    large, small = _files(minted[0]), _files(tmp_path)
    pictures = {name: data for name, data in small.items() if not name.endswith(".csv")}
    assert len(pictures) == 2 * 2 + 2 * 2 * PHOTOS
    assert all(large[name] == data for name, data in pictures.items())
    assert large["truth.csv"].startswith(small["truth.csv"])
    total = len(pictures) - 2 * PHOTOS  # a photo and its mask are told together
    assert [s[:2] for s in seen] == [(done, total) for done in range(1, total + 1)]


def test_designs_do_not_repeat() -> None:
    coins = [coin_type(0, index) for index in range(300)]
    assert len({c.item for c in coins}) == 300
    assert len({(c.obverse, c.reverse) for c in coins}) == 300
    assert len({c.obverse.motif for c in coins}) > 40
    assert coin_type(1, 0) != coins[0]
    assert coin_type(0, 7) == coins[7]


@pytest.mark.parametrize(
    "wrong",
    [
        {"types": 0},
        {"photos": -1},
        {"seed": -1},
        {"size": 10},
        {"size": 9000},
        {"types": 10**9},
        {"photos": 10**30},
    ],
)
def test_senseless_numbers_are_refused(wrong: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        mint(tmp_path / "out", **wrong)  # type: ignore[arg-type]
    assert error.value.hint
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_place_for_coins(tmp_path: Path) -> None:
    file = tmp_path / "coins"
    file.write_text("x")
    with pytest.raises(UsageError, match="not a folder"):
        mint(file)


def test_coins_are_minted_into_an_empty_folder_only(tmp_path: Path) -> None:
    mint(tmp_path, types=2, photos=0, size=64)
    before = _files(tmp_path)
    with pytest.raises(UsageError, match="is not empty; choose a new or an empty folder"):
        mint(tmp_path, types=1, photos=0, size=64)
    assert _files(tmp_path) == before


@pytest.mark.parametrize("place", [".", "new/deep"])
def test_what_is_broken_off_leaves_nothing(tmp_path: Path, place: str) -> None:
    def break_off(done: int, total: int, text: str) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mint(tmp_path / place, types=2, photos=1, size=64, progress=break_off)
    assert not list(tmp_path.iterdir())
