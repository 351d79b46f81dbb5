"""What is exported, ``add`` reads back."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from obverse.catalogue import exporter
from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.lance import LanceStore
from obverse.errors import CatalogueError, UsageError
from obverse.types import Item
from tests.catalogue.samples import items_of, make_manifest, make_view
from tests.coins import face


def read(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_round_trip_keeps_items_sides_and_attributes(tmp_path: Path) -> None:
    attributes: list[dict[str, Any]] = [
        {"country": "Österreich, k. k.", "year": 1780, "price": 12.5, "mint": "007"},
        {"note": 'said "x"\nand y', "source": "a book", "year": -44},
        {},
    ]
    first = Catalogue(tmp_path / "a.obv")
    for n, values in enumerate(attributes):
        for m, side in enumerate(("obverse", "", "edge")):
            photo = tmp_path / f"{n}{m}.png"
            cv2.imwrite(str(photo), face(3 * n + m, 128))
            item, title = f"über/{n} 'x'", f"T, {n}"
            first.add(photo, item=item, side=side, title=title, attributes=values)
    table = first.export(tmp_path / "out")
    second = Catalogue(tmp_path / "b.obv")
    report = second.add(table)
    assert (report.added, report.failed) == (9, [])
    assert second.items() == first.items()
    assert sorted((v.item, v.side) for v in second.views()) == sorted(
        (v.item, v.side) for v in first.views()
    )
    assert second.add(table).skipped == 9


def test_an_export_added_to_its_own_catalogue_doubles_nothing(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "a.obv")
    for n, side in enumerate(("obverse", "reverse", "")):
        cv2.imwrite(str(tmp_path / f"{n}.png"), face(n, 128))
        catalogue.add(tmp_path / f"{n}.png", item="krona", side=side, title="Krona")
    (tmp_path / "2.png").unlink()
    sources = sorted(view.source for view in catalogue.views())
    table = catalogue.export(tmp_path / "out")
    report = catalogue.add(table)
    assert (report.added, report.skipped, report.moved, report.sides) == (0, 3, 0, 0)
    text = table.read_text("utf-8")
    table.write_text(text.replace("Krona", "1 krona").replace("reverse", "edge"), "utf-8")
    report = catalogue.add(table)
    assert (report.added, report.skipped, report.moved, report.sides) == (0, 2, 0, 1)
    assert "shown as another side before, and replaced: krona ('reverse', 'edge')" in report.notes
    assert catalogue.item("krona").title == "1 krona"
    assert sorted(view.side for view in catalogue.views()) == ["", "edge", "obverse"]
    assert sorted(view.source for view in catalogue.views()) == sources
    table.write_text(table.read_text("utf-8").replace("krona,", "mark,"), "utf-8")
    assert catalogue.add(table).added == 3, "another item has these pictures now, too"


def test_pictures_that_are_one_to_the_pixel_come_back_as_one(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "a.obv")
    for name in ("one.png", "one.bmp"):
        cv2.imwrite(str(tmp_path / name), face(1, 128))
        assert catalogue.add(tmp_path / name, item="krona").added == 1
    report = Catalogue(tmp_path / "b.obv").add(catalogue.export(tmp_path / "out"))
    assert (report.added, report.skipped) == (1, 1)


def test_the_files(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(exporter, "CHUNK", 4)
    store = LanceStore.create(tmp_path / "c.obv", make_manifest())
    views = [make_view(n) for n in range(11)]
    store.put(views, items_of(views))
    table = exporter.write(tmp_path / "deep" / "out", store)
    assert table == tmp_path / "deep" / "out" / "catalogue.csv"
    rows = read(table)
    ordered = sorted(views, key=lambda v: (v.item, v.id))
    assert [(r["item"], r["side"]) for r in rows] == [(v.item, v.side) for v in ordered]
    for row, view in zip(rows, ordered, strict=True):
        assert (table.parent / row["photo"]).read_bytes() == view.thumbnail
        assert (row["title"], row["n"]) == (f"title of {view.item}", "1")


def test_attributes_that_are_no_text(tmp_path: Path) -> None:
    store = LanceStore.create(tmp_path / "c.obv", make_manifest())
    values = {"list": [1, "ö"], "yes": True, "null": None, "Photo": "mine", "title": "his"}
    store.put([make_view(0)], [Item("item00000", "T", values)])
    (row,) = read(exporter.write(tmp_path / "out", store))
    told = (row["list:json"], row["yes:json"], row["null:json"])
    assert told == ('[1, "ö"]', "true", "null")
    assert (row["photo"], row["Photo:json"]) == ("pictures/view000000.jpg", '"mine"')
    assert (row["title"], row["title:json"]) == ("T", '"his"')


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    store = LanceStore.create(tmp_path / "c.obv", make_manifest())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        exporter.write(tmp_path / "out", store)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["letter.txt"]


def test_exporting_an_empty_catalogue(tmp_path: Path) -> None:
    store = LanceStore.create(tmp_path / "c.obv", make_manifest())
    assert read(exporter.write(tmp_path / "out", store)) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    store = LanceStore.create(tmp_path / "c.obv", make_manifest())
    (tmp_path / "file").write_bytes(np.zeros(3, np.uint8).tobytes())
    with pytest.raises(CatalogueError, match="another folder"):
        exporter.write(tmp_path / "file", store)
