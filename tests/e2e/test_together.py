"""identify --sides and --all."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import Minted, Run

pytestmark = pytest.mark.xdist_group("e2e")


def both_sides(minted: Minted, item: str) -> list[Path]:
    """The catalogue's own pictures of an item."""
    return [
        minted.protocol.parent / r["photo"] for r in minted.of("catalogue") if r["item"] == item
    ]


def test_two_photos_of_one_thing_get_one_answer(
    run: Run, catalogue: Path, minted: Minted, tmp_path: Path
) -> None:
    item = minted.of("query")[0]["item"]
    photos = both_sides(minted, item)
    picture = tmp_path / "sides.jpg"
    done = run("identify", catalogue, *photos, "--sides", "--json", "--draw", picture)
    assert (done.code, done.err) == (0, "")
    answer = done.json
    assert answer["best"]["item"]["id"] == item
    assert answer["known"]
    assert [side["photo"]["source"] for side in answer["sides"]] == list(map(str, photos))
    assert [match["view"]["source"] for match in answer["best"]["sides"]] == [
        str(minted.photos / item / photo.name) for photo in photos
    ]
    assert answer["pairing"]["disagree"] is False
    with Image.open(picture) as drawn:
        assert drawn.height > 1200
    said = run("identify", catalogue, *reversed(photos), "--sides").out
    assert "both sides speak for it" in said
    assert "first photo" in said


def test_sides_of_two_things_are_told_apart(run: Run, catalogue: Path, minted: Minted) -> None:
    one, two = sorted({row["item"] for row in minted.of("query")})[:2]
    photos = [both_sides(minted, one)[0], both_sides(minted, two)[1]]
    done = run("identify", catalogue, *photos, "--sides")
    assert done.code == 0
    assert "the two sides disagree" in done.out


def test_every_object_of_a_photo(
    run: Run, catalogue: Path, minted: Minted, damaged: Path, tmp_path: Path
) -> None:
    items = sorted({row["item"] for row in minted.of("query")})[:4]
    scans = [cv2.imread(str(both_sides(minted, item)[0])) for item in items]
    photo, table, picture = (tmp_path / n for n in ("tray.png", "tray.csv", "drawn"))
    row = [cv2.resize(scan, (320, 320), interpolation=cv2.INTER_AREA) for scan in scans]
    cv2.imwrite(str(photo), np.vstack([np.hstack(row[:2]), np.hstack(row[2:])]))
    done = run(
        *("identify", "--all", catalogue, photo, damaged, "--json"),
        *("--csv", table, "--draw", picture),
    )
    assert done.code == 1
    tray, bad = done.json
    assert bad["where"] == str(damaged)
    assert [o["best"]["item"]["id"] for o in tray["objects"]] == items
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["item"] for r in rows] == items
    assert [r["number"] for r in rows] == ["1", "2", "3", "4"]
    for r, one in zip(rows, tray["objects"], strict=True):
        assert [float(r[k]) for k in ("x0", "y0", "x1", "y1")] == pytest.approx(
            one["region"]["box"], abs=0.06
        )
        assert r["known"] == str(one["known"])
    assert [p.name for p in picture.iterdir()] == ["tray.jpg"]
    empty = tmp_path / "empty.png"
    Image.new("RGB", (600, 400), (120, 118, 125)).save(empty)
    assert run("identify", "--all", catalogue, empty).out == (
        f"{empty}: no objects found; show each whole, apart, on a plain ground\n"
    )
    said = run("identify", "--all", catalogue, photo).out
    assert "4 objects" in said


def test_objects_have_one_number_everywhere(
    run: Run, catalogue: Path, minted: Minted, tmp_path: Path
) -> None:
    """Three coins in a row, the largest at the right: number 3, and asked about first."""
    items = sorted({r["item"] for r in minted.of("catalogue")})[:3]
    table = np.full((560, 1400, 3), 245, np.uint8)
    for item, x, size in zip(items, (20, 360, 800), (320, 400, 560), strict=True):
        scan = cv2.imread(str(both_sides(minted, item)[0]))
        coin = cv2.resize(scan, (size, size), interpolation=cv2.INTER_AREA)
        top = (560 - size) // 2
        table[top : top + size, x : x + size] = coin
    photo = tmp_path / "row.png"
    cv2.imwrite(str(photo), table)
    found = {r["number"]: r["box"] for r in run("find", photo, "--json").json["regions"]}
    assert next(iter(found)) == 3
    assert sorted(found) == [1, 2, 3]
    assert found[1][0] < found[2][0] < found[3][0]
    listed = run("find", photo).out.splitlines()[1:]
    assert [line.split()[0] for line in listed] == ["1", "2", "3"]
    assert ["asked about" in line for line in listed] == [False, False, True]
    tray = run("identify", "--all", catalogue, photo, "--json").json["objects"]
    assert {o["number"]: o["region"]["box"] for o in tray} == found
    cut = run("cutout", photo, tmp_path / "cut", "--all", "--json").json["cutouts"]
    assert [c["region"]["box"] for c in cut] == [found[n] for n in (1, 2, 3)]
    assert [Path(c["file"]).name for c in cut] == ["row-1.png", "row-2.png", "row-3.png"]
    for option, number in (((), 3), (("--region", 1), 1), (("--region", 3), 3)):
        asked = run("normalise", photo, *option, "--json").json
        assert asked["region"]["box"] == found[number]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--sides", "--all"), "exclude each other"),
        (("a.jpg", "b.jpg", "--sides"), "give two photos"),
        (("--csv", "out.csv"), "add --all"),
        (("--all", "--csv", "no/such/folder/out.csv"), "no such folder"),
    ],
)
def test_misuse(
    run: Run, catalogue: Path, query: Path, options: tuple[str, ...], hint: str
) -> None:
    done = run("identify", catalogue, query, *options)
    assert done.code == 2
    assert hint in done.err


def test_one_photo_of_one_object_has_no_two_sides(
    run: Run, catalogue: Path, minted: Minted
) -> None:
    photo = both_sides(minted, minted.of("query")[0]["item"])[0]
    done = run("identify", catalogue, photo, "--sides", "--json")
    assert done.code == 1
    assert done.json["error"] == "PhotoError"
    assert "a photo of each" in done.err


def test_two_sides_and_the_year_do_not_go_together(run: Run, catalogue: Path, query: Path) -> None:
    done = run("identify", catalogue, query, query, "--sides", "--year")
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "does not read the year" in done.err
