"""The catalogue as users and programs call it, on tiny round pictures."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import obverse
from obverse.catalogue import adding
from obverse.catalogue.adding import AddReport, view_id
from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.importers import Row
from obverse.catalogue.stages import expected_manifest
from obverse.errors import (
    CatalogueMismatch,
    CatalogueMissing,
    NotInCatalogue,
    PhotoMissing,
    UsageError,
)
from obverse.mint import coin_type, scan
from obverse.types import U8
from tests.coins import face, turned

SIZE = 96


def write(path: Path, pixels: U8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # By way of bytes: the writer of files takes no odd names on every system.
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def make_coin(seed: int, degrees: float = 0.0) -> U8:
    """A face at a turn, on white, where the finder sees its rim."""
    disc = turned(face(seed, 256), degrees)
    y, x = np.mgrid[:256, :256]
    disc[np.hypot(x - 127.5, y - 127.5) > 127] = 255
    return np.pad(disc, ((30, 30), (30, 30), (0, 0)), constant_values=255)


def make_folder(root: Path, items: int = 4) -> Path:
    """``coinNN/obverse.png`` and ``coinNN/reverse.png``; face 2n and 2n + 1 of item n."""
    for n in range(items):
        write(root / f"coin{n:02}" / "obverse.png", face(2 * n, SIZE))
        write(root / f"coin{n:02}" / "reverse.png", face(2 * n + 1, SIZE))
    return root


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    names = sorted({name for row in rows for name in row})
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, names)
        lines.writeheader()
        lines.writerows(rows)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "photos")


@pytest.fixture
def catalogue(tmp_path: Path, folder: Path) -> Catalogue:
    made = Catalogue(tmp_path / "c.obv")
    made.add(folder)
    return made


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    root = tmp_path_factory.mktemp("twenty")
    for n in range(20):
        write(root / "photos" / f"coin{n:02}.png", make_coin(n))
    made = Catalogue(root / "c.obv")
    made.add(root / "photos")
    return made


def snapshot(catalogue: Catalogue) -> dict[str, Any]:
    """Everything that is in it, to compare."""
    views = {v.id: (v.to_dict(), v.thumbnail) for v in catalogue.views()}
    return {"items": catalogue.items(), "views": views}


def tally(report: AddReport) -> tuple[int, int, int, int]:
    return report.added, report.skipped, report.moved, len(report.failed)


# -- adding ----------------------------------------------------------------------------------------


def test_a_folder(catalogue: Catalogue, folder: Path) -> None:
    assert [i.id for i in catalogue.items()] == [f"coin{n:02}" for n in range(4)]
    views = catalogue.views("coin02")
    assert {v.side: v.source for v in views} == {
        side: str(folder / "coin02" / f"{side}.png") for side in ("obverse", "reverse")
    }
    assert all(v.id == view_id(v.sha256, v.item) for v in catalogue.views())
    picture = cv2.imdecode(np.frombuffer(views[0].thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[0] == picture.shape[1] > SIZE
    info = catalogue.info()
    assert (info["items"], info["views"], info["recipe"]) == (4, 8, "coin")
    assert info["models"] == expected_manifest(catalogue.pipeline).models
    json.dumps(info)


def test_adding_again_adds_nothing(catalogue: Catalogue, folder: Path) -> None:
    before = snapshot(catalogue)
    for _ in range(2):
        report = catalogue.add(folder)
        assert tally(report) == (0, 8, 0, 0)
        assert report.items == 4
    assert snapshot(catalogue) == before


def test_adding_in_many_batches(tmp_path: Path, folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(adding, "BATCH", 3)
    monkeypatch.setattr(adding, "TIDY_EVERY", 1)
    steps: list[tuple[int, int, str]] = []
    catalogue = Catalogue(tmp_path / "c.obv")
    report = catalogue.add(folder, progress=lambda *step: steps.append(step))
    assert tally(report) == (8, 0, 0, 0)
    assert steps == [(3, 8, "3 added"), (6, 8, "6 added"), (8, 8, "8 added")]
    assert len(catalogue.views()) == 8


def test_nothing_is_made_by_asking(tmp_path: Path) -> None:
    place = tmp_path / "typo.obv"
    early = Catalogue(place)
    for ask in (early.items, early.info, early.duplicates, lambda: early.identify(face(1, SIZE))):
        with pytest.raises(CatalogueMissing, match="make one: obverse add"):
            ask()
    assert not place.exists()
    Catalogue(place, recipe="flat").add([])
    assert early.items() == []
    assert early.identify(face(1, SIZE)).patch.region.finder == "whole", "by the recipe it was made"
    with pytest.raises(CatalogueMismatch, match="recipe"):
        Catalogue(place, recipe="coin")


def test_one_photo(tmp_path: Path) -> None:
    photo = write(tmp_path / "x.png", face(1, SIZE))
    catalogue = Catalogue(tmp_path / "c.obv")
    attributes = {"year": 1907, "tags": ["a", None, {"b": 1.5}], "fake": False}
    report = catalogue.add(photo, item="thaler", side="reverse", title="T", attributes=attributes)
    told = report.to_dict()
    (note,) = told.pop("notes")
    assert "no round object" in note, "the face fills the picture"
    assert told.pop("ignored") == 0
    assert told == {"added": 1, "skipped": 0, "moved": 0, "sides": 0, "items": 1, "failed": []}
    item = catalogue.item("thaler")
    assert (item.title, item.name, item.attributes) == ("T", "T", attributes)
    assert [v.side for v in catalogue.views("thaler")] == ["reverse"]
    assert catalogue.add(photo).added == 1, "under the item of its own name it is new"
    assert [i.id for i in catalogue.items()] == ["thaler", "x"]


def test_rows_made_by_a_program(tmp_path: Path) -> None:
    photos = [write(tmp_path / f"{n}.png", face(n, SIZE)) for n in range(3)]
    catalogue = Catalogue(tmp_path / "c.obv")
    report = catalogue.add(Row(photo, f"i{n}", "edge") for n, photo in enumerate(photos))
    assert tally(report) == (3, 0, 0, 0)
    assert {v.side for v in catalogue.views()} == {"edge"}


def test_a_table_changed_updates_items_without_embedding_again(
    tmp_path: Path, monkeypatch: Any
) -> None:
    photos = [write(tmp_path / f"{n}.png", face(n, SIZE)) for n in range(2)]
    table = tmp_path / "t.csv"
    rows = [
        {"photo": p, "item": "ü", "side": s, "title": 'A, "b" c', "price": "1.5", "mint": "D"}
        for p, s in zip(photos, ("obverse", "reverse"), strict=True)
    ]
    catalogue = Catalogue(tmp_path / "c.obv")
    assert catalogue.add(write_table(table, rows)).added == 2
    assert catalogue.item("ü").attributes == {"price": 1.5, "mint": "D"}
    before = {v.id: (v.thumbnail, v.added) for v in catalogue.views()}

    def refuse(*_: Any) -> Any:
        raise AssertionError("embedded again")

    monkeypatch.setattr(catalogue.pipeline, "embed", refuse)
    for row in rows:
        row |= {"price": "2", "mint": "", "year": "1921", "title": "B"}
    rows[1]["side"] = "edge"
    report = catalogue.add(write_table(table, rows))
    assert (tally(report), report.sides) == ((0, 1, 0, 0), 1)
    item = catalogue.item("ü")
    assert (item.title, item.attributes) == ("B", {"price": 2, "mint": "D", "year": 1921})
    assert sorted(v.side for v in catalogue.views()) == ["edge", "obverse"]
    assert {v.id: (v.thumbnail, v.added) for v in catalogue.views()} == before
    assert tally(catalogue.add(table)) == (0, 2, 0, 0)


def test_bad_files_are_listed_and_good_ones_added(tmp_path: Path, folder: Path) -> None:
    good = (folder / "coin00" / "obverse.png").read_bytes()
    bad = {"empty.png": b"", "cut.png": good[: len(good) // 2], "text.jpg": b"hello"}
    for name, data in bad.items():
        (folder / name).write_bytes(data)
    catalogue = Catalogue(tmp_path / "c.obv")
    for added, skipped in ((8, 0), (0, 8)):
        report = catalogue.add(folder)
        assert tally(report) == (added, skipped, 0, 3)
        assert [f.source for f in report.failed] == sorted(str(folder / name) for name in bad)
        assert all(f.source in f.what and f.what.isprintable() for f in report.failed)
        assert {f.error for f in report.failed} == {"PhotoEmpty", "PhotoDamaged", "NotAPhoto"}
    assert [i.id for i in catalogue.items()] == [f"coin{n:02}" for n in range(4)]


def test_a_table_with_missing_photos(tmp_path: Path) -> None:
    photo = write(tmp_path / "a.png", face(0, SIZE))
    rows = [{"photo": photo, "item": "a"}, {"photo": "gone.png", "item": "b"}]
    catalogue = Catalogue(tmp_path / "c.obv")
    report = catalogue.add(write_table(tmp_path / "t.csv", rows))
    assert tally(report) == (1, 0, 0, 1)
    assert report.failed[0].error == "PhotoMissing"
    assert [i.id for i in catalogue.items()] == ["a"]


def test_nothing_to_add(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "c.obv")
    with pytest.raises(PhotoMissing):
        catalogue.add(tmp_path / "none")
    assert tally(catalogue.add([])) == (0, 0, 0, 0)
    (tmp_path / "empty").mkdir()
    assert catalogue.add(tmp_path / "empty").added == 0
    assert catalogue.items() == []


# -- names and places ------------------------------------------------------------------------------


def test_a_renamed_file_is_recognised(catalogue: Catalogue, folder: Path) -> None:
    before = snapshot(catalogue)["views"]
    old = folder / "coin01" / "obverse.png"
    new = old.rename(old.with_name("front side.png"))
    assert tally(catalogue.add(folder)) == (0, 7, 1, 0)
    after = snapshot(catalogue)["views"]
    changed = [id for id in before if before[id] != after[id]]
    assert len(before) == len(after) == 8
    assert [(before[id][0]["source"], after[id][0]["source"]) for id in changed] == [
        (str(old), str(new))
    ]
    assert tally(catalogue.add(folder)) == (0, 8, 0, 0)


def test_the_whole_folder_moved(catalogue: Catalogue, folder: Path) -> None:
    new = folder.rename(folder.with_name("archive"))
    assert tally(catalogue.add(new)) == (0, 0, 8, 0)
    assert all(v.source.startswith(str(new)) for v in catalogue.views())
    assert catalogue.store.stats().views == 8


def test_a_file_moved_to_another_item(catalogue: Catalogue, folder: Path) -> None:
    (folder / "coin03" / "obverse.png").rename(folder / "coin00" / "third obverse.png")
    assert tally(catalogue.add(folder)) == (0, 7, 1, 0)
    assert len(catalogue.views("coin00")) == 3
    assert len(catalogue.views("coin03")) == 1
    (folder / "coin03" / "reverse.png").rename(folder / "coin00" / "fourth reverse.png")
    (folder / "coin03").rmdir()
    report = catalogue.add(folder)
    assert tally(report) == (0, 7, 1, 0)
    assert report.items == 3
    assert [i.id for i in catalogue.items()] == ["coin00", "coin01", "coin02"]
    assert all(v.id == view_id(v.sha256, v.item) for v in catalogue.views())
    answer = catalogue.identify(face(6, SIZE))
    assert answer.best is not None
    assert answer.best.item.id == "coin00"


def test_a_deleted_file_takes_no_item_with_it(catalogue: Catalogue, tmp_path: Path) -> None:
    """Not when the same picture comes from elsewhere under another item: a drive may be away."""
    upload = write(tmp_path / "upload.png", face(40, SIZE))
    assert tally(catalogue.add(upload, item="type a", title="A")) == (1, 0, 0, 0)
    upload.unlink()
    other = write(tmp_path / "other" / "x.png", face(40, SIZE))
    assert tally(catalogue.add(other, item="type b")) == (1, 0, 0, 0)
    assert tally(catalogue.add(other.parent)) == (1, 0, 0, 0)
    assert [catalogue.item(id).title for id in ("type a", "type b", "x")] == ["A", "", ""]


def test_several_sources_at_once(catalogue: Catalogue, tmp_path: Path) -> None:
    photo = write(tmp_path / "one.png", face(41, SIZE))
    table = write_table(tmp_path / "t.csv", [{"photo": "two.png", "item": "two"}])
    write(tmp_path / "two.png", face(42, SIZE))
    row = Row(str(write(tmp_path / "three.png", face(43, SIZE))), "three", "Reverse")  # type: ignore[arg-type]
    assert tally(catalogue.add([str(photo), table, row])) == (3, 0, 0, 0)
    assert catalogue.views("three")[0].side == "reverse"
    with pytest.raises(UsageError, match="unknown side 'front door'"):
        catalogue.add([Row(photo, "one", "front door")])
    for source in (photo, photo.read_bytes()):
        with pytest.raises(UsageError, match="unknown side 5"):
            catalogue.add(source, item="one", side=5)  # type: ignore[arg-type]


def test_whatever_identify_takes_can_be_added(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "c.obv")
    path = write(tmp_path / "one.png", face(41, SIZE))
    data, pixels = path.read_bytes(), face(42, SIZE)
    given = {
        "path": path,
        "bytes": data,
        "bytearray": bytearray(data),
        "view": memoryview(data),
        "pixels": pixels,
        "grey": pixels[:, :, 0],
        "photo": catalogue.load(path),
    }
    for item, photo in given.items():
        assert catalogue.add(photo, item=item).added == 1  # type: ignore[arg-type]
    rows = [Row(photo, f"row of {item}") for item, photo in given.items()]  # type: ignore[arg-type]
    assert tally(catalogue.add(rows)) == (7, 0, 0, 0)
    hashes = {view.item: view.sha256 for view in catalogue.views()}
    assert {item for item, sha in hashes.items() if sha == hashes["path"]} == {
        name for item in set(given) - {"pixels", "grey"} for name in (item, f"row of {item}")
    }
    small = catalogue.add([pixels, pixels[:5]], item="pixels")
    assert [(f.source, f.error) for f in small.failed] == [("<array>", "PhotoTooSmall")]


NO_PHOTOS = [None, 5, io.BytesIO(b"x"), Image.new("RGB", (64, 64)), [None], [[b"x"]], object]


@pytest.mark.parametrize("photo", NO_PHOTOS, ids=lambda photo: type(photo).__name__)
def test_what_is_no_photo_is_told_so(catalogue: Catalogue, photo: Any) -> None:
    with pytest.raises(UsageError, match="is no photo"):
        catalogue.identify(photo)
    with pytest.raises(UsageError, match="is no photo"):
        catalogue.add(photo, item="x")


def test_a_blank_id_is_none(catalogue: Catalogue, tmp_path: Path) -> None:
    photo = write(tmp_path / "one.png", face(41, SIZE))
    for source in (photo, photo.read_bytes(), [photo], tmp_path):
        with pytest.raises(UsageError, match="needs an id"):
            catalogue.add(source, item=" \t")  # type: ignore[arg-type]
    for id in ("", "  "):
        with pytest.raises(UsageError, match="needs an id"):
            catalogue.add([Row(photo, id)])
    (tmp_path / " ").mkdir()
    write(tmp_path / " " / "two.png", face(42, SIZE))
    report = catalogue.add(tmp_path)
    assert [f.error for f in report.failed] == ["UsageError"]
    assert "one" in [i.id for i in catalogue.items()]
    assert all(i.id.strip() for i in catalogue.items())


def test_what_others_say_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "BATCH", 1)
    rows = [
        Row(write(tmp_path / f"{n}.png", face(n, SIZE)), "coin", attributes={"n": n})
        for n in range(3)
    ]
    catalogue, other = Catalogue(tmp_path / "c.obv"), Catalogue(tmp_path / "c.obv")

    def say(done: int, total: int, text: str) -> None:
        if done == 1:
            other.store.put([], [obverse.Item("coin", "set meanwhile", {"mint": "D"})])

    catalogue.add(rows, progress=say)
    item = catalogue.item("coin")
    assert (item.title, dict(item.attributes)) == ("set meanwhile", {"mint": "D", "n": 2})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_attributes_that_json_lacks_are_refused(
    catalogue: Catalogue, tmp_path: Path, value: object
) -> None:
    photo = write(tmp_path / "p.png", face(44, SIZE))
    with pytest.raises(UsageError, match="cannot be stored"):
        catalogue.add(photo, attributes={"price": value})
    assert len(catalogue.items()) == 4


def test_an_export_overwrites_nothing(catalogue: Catalogue, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "catalogue.csv").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        catalogue.export(out)
    assert (out / "catalogue.csv").read_text() == "mine"
    assert [p.name for p in out.iterdir()] == ["catalogue.csv"]


def test_an_address_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        Catalogue("milvus://localhost:19530/coins")
    assert list(tmp_path.iterdir()) == []


def test_an_item_renamed(catalogue: Catalogue, folder: Path) -> None:
    (folder / "coin02").rename(folder / "taler")
    assert tally(catalogue.add(folder)) == (0, 6, 2, 0)
    assert [i.id for i in catalogue.items()] == ["coin00", "coin01", "coin03", "taler"]


def test_one_moved_picture_found_at_two_new_places(catalogue: Catalogue, folder: Path) -> None:
    old = folder / "coin00" / "obverse.png"
    write(folder / "x" / "a.png", face(0, SIZE))
    write(folder / "y" / "a.png", face(0, SIZE))
    old.unlink()
    assert tally(catalogue.add(folder)) == (1, 7, 1, 0)
    sha = {v.item: v.sha256 for v in catalogue.views() if v.item in ("x", "y")}
    assert len(sha) == 2
    assert len(set(sha.values())) == 1
    assert len(catalogue.views()) == 9
    assert tally(catalogue.add(folder)) == (0, 9, 0, 0)


def test_the_same_picture_of_two_items_is_kept_twice(catalogue: Catalogue, folder: Path) -> None:
    shutil.copy(folder / "coin00" / "obverse.png", folder / "coin01" / "second obverse.png")
    assert tally(catalogue.add(folder)) == (1, 8, 0, 0)
    twins = [v for v in catalogue.views() if Path(v.source).name.endswith("obverse.png")]
    items = {sha: [v.item for v in twins if v.sha256 == sha] for sha in {v.sha256 for v in twins}}
    assert sorted(items.values(), key=len)[-1] == ["coin00", "coin01"]
    assert tally(catalogue.add(folder)) == (0, 9, 0, 0)


def test_the_same_picture_twice_in_an_item_is_kept_once(tmp_path: Path) -> None:
    for side in ("obverse", "reverse"):
        write(tmp_path / "p" / "plain" / f"{side}.png", face(1, SIZE))
    catalogue = Catalogue(tmp_path / "c.obv")
    assert tally(catalogue.add(tmp_path / "p")) == (1, 1, 0, 0)
    side = catalogue.views()[0].side
    for _ in range(3):
        assert tally(catalogue.add(tmp_path / "p")) == (0, 2, 0, 0)
    assert [v.side for v in catalogue.views()] == [side]


@pytest.mark.skipif(os.name != "posix", reason="file names are text there")
def test_file_names_that_are_no_text(tmp_path: Path) -> None:
    root = tmp_path / "p"
    for n, name in enumerate((b"m\xfcnze", b"\\xff", b"\xff\xfe")):
        write(root / os.fsdecode(name) / os.fsdecode(name + b".png"), face(n, SIZE))
    catalogue = Catalogue(tmp_path / "c.obv")
    assert tally(catalogue.add(root)) == (3, 0, 0, 0)
    assert tally(catalogue.add(root)) == (0, 3, 0, 0)
    shutil.copytree(root / os.fsdecode(b"\xff\xfe"), root / "copy")
    assert tally(catalogue.add(root)) == (1, 3, 0, 0), "the first one is still there"
    assert all(v.source.isprintable() for v in catalogue.views())


def test_items_of_any_name(tmp_path: Path) -> None:
    names = ['O\'Neil; "x"', "a/b", "银元", "%_", "e\u0301", " lead", "a/b ü?#%"]
    photos = [write(tmp_path / f"{n}.png", face(n, SIZE)) for n in range(len(names))]
    catalogue = Catalogue(tmp_path / "c.obv")
    for name, photo in zip(names, photos, strict=True):
        assert catalogue.add(photo, item=name, title=name).added == 1
    assert [i.id for i in catalogue.items()] == sorted(names)
    assert catalogue.remove(names[:2]) == 2
    assert sorted(v.item for v in catalogue.views()) == sorted(names[2:])


@pytest.mark.parametrize("break_", ["\n", "\0", "\x1b[2J", "\x7f", "\x85", "\u2028"])
def test_ids_and_titles_are_one_line(tmp_path: Path, break_: str) -> None:
    photo = write(tmp_path / "1.png", face(1, SIZE))
    catalogue, wrong = Catalogue(tmp_path / "c.obv"), f"a{break_}b"
    for said in ({"item": wrong}, {"item": "a", "title": wrong}):
        with pytest.raises(UsageError, match="control character"):
            catalogue.add(photo, **said)
    catalogue.add(photo, item="a", attributes={"notes": f"first{break_}second"})
    with pytest.raises(UsageError, match="control character"):
        catalogue.rename("a", wrong)
    with pytest.raises(UsageError, match="control character"):
        catalogue.edit("a", title=wrong)
    rows = [
        {"photo": photo, "item": i, "title": t} for i, t in ((wrong, ""), ("b", ""), ("c", wrong))
    ]
    report = catalogue.add(write_table(tmp_path / "t.csv", rows))
    assert tally(report) == (1, 0, 0, 2)
    assert all(f.what.isprintable() for f in report.failed)
    assert [i.id for i in catalogue.items()] == ["a", "b"]


def test_arguments_of_another_kind_are_told(tmp_path: Path) -> None:
    photo = write(tmp_path / "1.png", face(1, SIZE))
    catalogue = Catalogue(tmp_path / "c.obv")
    catalogue.add(photo, item="a")
    wrong: list[Any] = [5, [1], b"x"]
    for value in wrong:
        with pytest.raises(UsageError, match="a title is text"):
            catalogue.edit("a", title=value)
        with pytest.raises(UsageError, match="attributes are names"):
            catalogue.add(photo, item="a", attributes=value)
        with pytest.raises(UsageError, match="attributes are names"):
            catalogue.edit("a", attributes=value)
        with pytest.raises(UsageError, match="unknown finder"):
            Catalogue(tmp_path / "other.obv", finder=value)
    assert catalogue.items() == [obverse.Item("a")]
    assert not (tmp_path / "other.obv").exists()


@pytest.mark.parametrize("create", [True, False])
def test_what_is_no_folder_is_no_catalogue(tmp_path: Path, create: bool) -> None:
    for nothing in ("", " "):
        with pytest.raises(UsageError, match="without a name"):
            Catalogue(nothing, create=create)
    photo = write(tmp_path / "1.png", face(1, SIZE))
    with pytest.raises(CatalogueMissing, match="is a file; a catalogue is a folder"):
        Catalogue(photo, create=create)


def test_a_picture_that_comes_twice_is_counted_once(tmp_path: Path) -> None:
    data = write(tmp_path / "1.png", face(1, SIZE)).read_bytes()
    catalogue = Catalogue(tmp_path / "c.obv")
    twice = [Row(data, "a", side) for side in ("obverse", "edge")]  # type: ignore[arg-type]
    assert tally(catalogue.add(twice)) == (1, 1, 0, 0)
    again = catalogue.add(twice)
    assert (tally(again), again.sides) == ((0, 1, 0, 0), 1)
    assert [view.side for view in catalogue.views()] == ["edge"]


# -- interruptions ---------------------------------------------------------------------------------


def test_an_interruption_leaves_what_was_reported(
    tmp_path: Path, folder: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(adding, "BATCH", 2)
    catalogue = Catalogue(tmp_path / "c.obv")

    def interrupt(done: int, total: int, text: str) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.add(folder, progress=interrupt)
    assert threading.active_count() < 20
    assert len(Catalogue(tmp_path / "c.obv").views()) == len(catalogue.views()) == 4
    assert tally(catalogue.add(folder)) == (4, 4, 0, 0)
    assert len(catalogue.views()) == 8


def test_an_interrupted_move_is_finished(
    catalogue: Catalogue, folder: Path, monkeypatch: Any
) -> None:
    (folder / "coin02").rename(folder / "taler")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.add(folder, progress=interrupt)
    assert len(catalogue.views("taler")) == 2
    assert tally(catalogue.add(folder)) == (0, 8, 0, 0)
    assert "coin02" not in {i.id for i in catalogue.items()}


# -- removing and asking ---------------------------------------------------------------------------


def test_removing(catalogue: Catalogue, folder: Path) -> None:
    view = catalogue.views("coin01")[0].id
    before = snapshot(catalogue)
    with pytest.raises(NotInCatalogue, match="nobody"):
        catalogue.remove(["coin00", view, "nobody"])
    assert snapshot(catalogue) == before
    assert catalogue.remove(["coin00", view]) == 3
    assert catalogue.remove("coin02") == 2
    assert [i.id for i in catalogue.items()] == ["coin01", "coin03"]
    with pytest.raises(NotInCatalogue, match="coin00"):
        catalogue.item("coin00")
    assert catalogue.views("coin00") == []
    assert catalogue.remove([catalogue.views("coin01")[0].id]) == 1
    assert [i.id for i in catalogue.items()] == ["coin03"], "an item goes with its last view"
    assert catalogue.remove([]) == 0
    assert tally(catalogue.add(folder)) == (6, 2, 0, 0)


def test_an_item_and_its_views_together(catalogue: Catalogue) -> None:
    ids = ["coin00", "coin00", *(v.id for v in catalogue.views("coin00"))]
    assert catalogue.remove(ids) == 2
    assert len(catalogue.views()) == 6


def test_identify_finds_turned_coins(twenty: Catalogue) -> None:
    for n in range(0, 20, 3):
        answer = twenty.identify(make_coin(n, 37 * n + 10))
        assert answer.best is not None
        assert answer.best.item.id == f"coin{n:02}"
        chances = [c.probability for c in answer.candidates]
        assert len(chances) == 5
        assert chances == sorted(chances, reverse=True)
        assert all(0 <= p <= 1 for p in chances)
        assert len({c.item.id for c in answer.candidates}) == 5
        assert answer.evidence is answer.best.evidence
        # A turn is right to the step of the angles of a query's map, 360 / 56 degrees.
        off = (answer.best.evidence.turn - (37 * n + 10) + 180) % 360 - 180
        assert abs(off) < 7
        json.dumps(answer.to_dict())


def test_a_photo_may_be_a_path_bytes_or_pixels(twenty: Catalogue, tmp_path: Path) -> None:
    pixels = make_coin(5, 90)
    path = write(tmp_path / "q.png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    answers = [
        twenty.identify(photo)
        for photo in (path, str(path), path.read_bytes(), pixels, twenty.load(path))
    ]
    answers.append(obverse.identify(twenty, path))
    answers.append(obverse.identify(twenty.uri, path))
    assert {a.best.item.id for a in answers if a.best} == {"coin05"}
    assert len({round(a.best.score, 5) for a in answers if a.best}) == 1
    assert len({a.photo.sha256 for a in answers}) == 2, "of the file, and of the pixels"


def test_how_many_candidates(twenty: Catalogue) -> None:
    photo = make_coin(3)
    assert [len(twenty.identify(photo, top=k).candidates) for k in (1, 7, 99)] == [1, 7, 20]
    assert len(twenty.identify(photo, top=np.int64(2), max_wrong=np.float32(0.1)).candidates) == 2  # type: ignore[arg-type]
    wrong: Any
    for wrong in (0, -1, "3", 2.5, None):
        with pytest.raises(UsageError, match="top is"):
            twenty.identify(photo, top=wrong)
    for wrong in (-0.1, 1.1, float("nan"), "x", [0.5]):
        with pytest.raises(UsageError, match="max_wrong is"):
            twenty.identify(photo, max_wrong=wrong)
    with pytest.raises(PhotoMissing):
        twenty.identify("no such photo.jpg")


def test_an_empty_catalogue_knows_nothing(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "c.obv")
    catalogue.add([])
    answer = catalogue.identify(face(0, SIZE))
    assert answer.candidates == ()
    assert not answer.known
    assert answer.best is None
    assert answer.evidence is None
    json.dumps(answer.to_dict())


def test_threads_ask_at_once(twenty: Catalogue) -> None:
    found: dict[int, str] = {}

    def ask(n: int) -> None:
        answer = twenty.identify(make_coin(n, 45))
        found[n] = answer.best.item.id if answer.best else ""

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"coin{n:02}" for n in range(6)}


# -- opening ---------------------------------------------------------------------------------------


def test_closed_and_opened_again(catalogue: Catalogue, tmp_path: Path) -> None:
    before = snapshot(catalogue)
    catalogue.close()
    with Catalogue(tmp_path / "c.obv", create=False) as again:
        assert snapshot(again) == before
        assert again.info()["recipe"] == "coin"


def test_no_catalogue_is_made_where_none_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(CatalogueMissing, match="obverse add"):
        Catalogue(tmp_path / "c.obv", create=False)
    with pytest.raises(CatalogueMissing):
        obverse.identify(tmp_path / "c.obv", face(0, SIZE))
    assert list(tmp_path.iterdir()) == []


def test_another_recipe_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(CatalogueMismatch, match=r"'coin'.*'flat'"):
        Catalogue(tmp_path / "c.obv", recipe="flat")
    with pytest.raises(UsageError, match="unknown recipe"):
        Catalogue(tmp_path / "c.obv", recipe="soup")
    with pytest.raises(UsageError, match="unknown recipe"):
        Catalogue(tmp_path / "new.obv", recipe="soup")
    assert not (tmp_path / "new.obv").exists()
    assert Catalogue(tmp_path / "c.obv", recipe="coin").info()["views"] == 8


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("models", {"embedder": "polar-0123"}, "polar-0123.*export"),
        ("models", {}, "none"),
        ("recipe", "soup", "'soup'.*upgrade"),
    ],
)
def test_a_catalogue_made_otherwise_is_refused(
    catalogue: Catalogue, tmp_path: Path, field: str, value: Any, words: str
) -> None:
    path = tmp_path / "c.obv" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(CatalogueMismatch, match=words):
        Catalogue(tmp_path / "c.obv")

    with Catalogue(tmp_path / "c.obv", any_model=True) as opened:
        assert len(opened.views()) == len(opened.items()) * 2 == 8
        table = opened.export(tmp_path / "out")
        assert len(table.read_text().splitlines()) == 1 + 8
        with pytest.raises(CatalogueMismatch, match=words):
            opened.identify(face(0, SIZE))
        with pytest.raises(CatalogueMismatch, match=words):
            opened.add(tmp_path / "out")
        assert opened.remove(opened.items()[0].id) == 2
        assert len(opened.views()) == 6


def test_a_picture_without_a_round_object_is_told(tmp_path: Path) -> None:
    """It is added whole; a coin is added without a word, and so is anything flat."""
    Image.new("RGB", (400, 400), (120, 120, 120)).save(tmp_path / "plain.png")
    Image.fromarray(scan(coin_type(5, 0), "obverse", size=320)).save(tmp_path / "coin.png")
    rows = [Row(tmp_path / f"{name}.png", name) for name in ("plain", "coin")]
    with Catalogue(tmp_path / "c.obv") as catalogue:
        (note,) = catalogue.add(rows).notes
        assert "no round object was found in 1 of" in note
        assert "plain.png" in note
    with Catalogue(tmp_path / "f.obv", recipe="flat") as catalogue:
        assert catalogue.add(rows).notes == []


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"year": "n.d."}, "year 'n.d.' is no year"),
        ({"year_from": 1960, "year_to": 1950}, "year_from 1960 is after year_to 1950"),
        ({"year": 1950, "calendar": "showwa"}, "calendar 'showwa' is none of gregorian"),
        ({"mint_mark": "D", "mint_mark_at": "below the date"}, "'below the date' is no place"),
        ({"mint_mark": "D", "mint_mark_at": [55, -56]}, "[55, -56] is no place"),
        ({"year": "1948, 1951-53", "calendar": ["gregorian", "showa"]}, ""),
        ({"year": "", "years": [], "mint_mark_at": "0.5, -0.5", "calendar": ""}, ""),
    ],
)
def test_what_is_not_understood_is_told(
    tmp_path: Path, attributes: dict[str, Any], what: str
) -> None:
    photo = write(tmp_path / "a.png", make_coin(3))
    notes = Catalogue(tmp_path / "c.obv").add([Row(photo, "a", attributes=attributes)]).notes
    assert len(notes) == bool(what)
    assert all(note.startswith("not understood") and what in note for note in notes)


def test_rows_of_one_item_that_differ_are_told(tmp_path: Path) -> None:
    photos = [write(tmp_path / f"{n}.png", make_coin(n)) for n in range(6)]
    said: list[tuple[str, str, dict[str, Any]]] = [
        ("penny", "Penny", {"year": 1912, "metal": "bronze"}),
        ("penny", "", {"year": 1912}),
        ("penny", "Penny", {"year": 1913}),
        ("franc", "Franc", {}),
        ("franc", "Swiss franc", {"year": 1968}),
        ("crown", "Crown", {"year": 1953}),
    ]
    rows = [
        Row(photo, item=item, title=title, attributes=attributes)
        for photo, (item, title, attributes) in zip(photos, said, strict=True)
    ]
    catalogue = Catalogue(tmp_path / "c.obv")
    (note,) = catalogue.add(rows).notes
    assert note == (
        "rows of one item differ, and the last counts: penny in year (1912, 1913), "
        "franc in title ('Franc', 'Swiss franc')"
    )
    assert catalogue.item("penny").attributes == {"year": 1913, "metal": "bronze"}
    assert catalogue.item("franc").title == "Swiss franc"
    bad = [Row(photos[5], item="x", attributes={"size": np.arange(n)}) for n in (1, 2)]
    with pytest.raises(UsageError, match="size"):
        catalogue.add(bad)


def test_what_replaces_something_stored_is_told(tmp_path: Path) -> None:
    photo = write(tmp_path / "a.png", make_coin(3))
    catalogue = Catalogue(tmp_path / "c.obv")
    catalogue.add([Row(photo, item="penny", title="Penny", attributes={"year": 1913})])
    (note,) = catalogue.add([Row(photo, item="penny", attributes={"year": 1914})]).notes
    assert note == "said otherwise before, and replaced: penny in year (1913, 1914)"
    assert catalogue.item("penny").attributes == {"year": 1914}
    more = {"year": 1914, "metal": "bronze", "marks": ("A", "B"), "weight": 2.0}
    for _ in range(2):
        assert not catalogue.add([Row(photo, item="penny", attributes=more)]).notes
    less = {"weight": 2, "metal": "copper"}
    (note,) = catalogue.add([Row(photo, item="penny", attributes=less)]).notes
    assert note == "said otherwise before, and replaced: penny in metal ('bronze', 'copper')"


def test_mint_marks_in_words_are_told(tmp_path: Path) -> None:
    photo = write(tmp_path / "a.png", make_coin(3))
    said = ["D", "Denver", "no mint mark", "none", "CC", "Mo", "LIMA", "СПМД", "XIX"]
    row = Row(photo, "a", attributes={"mint_mark": said})
    (note,) = Catalogue(tmp_path / "c.obv").add([row]).notes
    assert note == "mint marks are letters as struck, or none: 'Denver', 'no mint mark'"
