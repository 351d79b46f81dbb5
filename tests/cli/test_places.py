"""Nothing of the user's is written over, and no place is taken that cannot be written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from obverse.catalogue.folder import MANIFEST, TABLES
from obverse.catalogue.lance import LanceStore
from obverse.cli import places
from obverse.errors import UsageError
from tests.catalogue.samples import make_manifest


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (20, 20)).save(path)
    return path


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return Path(LanceStore.create(tmp_path / "coins.obv", make_manifest()).uri)


def test_a_table_never_replaces_a_picture(photo: Path, tmp_path: Path) -> None:
    disguised, table = tmp_path / "disguised.csv", tmp_path / "table.csv"
    disguised.write_bytes(photo.read_bytes())
    table.write_text("source,query\n")
    for path in (photo, disguised):
        with pytest.raises(UsageError, match="is a picture"):
            places.check_table(path)
    places.check_table(table)
    places.check_table(tmp_path / "new.csv")
    with pytest.raises(UsageError, match="is the photo itself"):
        places.check_table(table, [tmp_path / "." / "table.csv"])


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_photo_is_kept_by_whatever_name(photo: Path, tmp_path: Path, link: Any) -> None:
    (tmp_path / "out").mkdir()
    other = tmp_path / "out" / "photo.jpg"
    link(photo, other)
    with pytest.raises(UsageError, match="is the photo itself"):
        places.check_picture(other, [photo])
    with pytest.raises(UsageError, match="is the photo itself"):
        places.pictures_for(tmp_path / "out", [str(photo), "b/2.jpg"])
    other.unlink()
    other.write_bytes(photo.read_bytes())
    places.check_picture(other, [photo])


def test_what_is_no_place_for_a_file_is_told(photo: Path, tmp_path: Path) -> None:
    for path, said in (
        (tmp_path, "is a folder; name a file"),
        (tmp_path / "none" / "x.csv", "none: no such folder; make it first"),
        (photo / "x.csv", "photo.png: is a file, not a folder"),
    ):
        with pytest.raises(UsageError, match=said):
            places.check_table(path)
        with pytest.raises(UsageError, match=said):
            places.check_picture(path)


def test_no_folder_is_made_on_a_file(photo: Path, tmp_path: Path) -> None:
    for path in (photo, photo / "sub"):
        with pytest.raises(UsageError, match=r"photo\.png: is a file, not a folder"):
            places.check_folder(path)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UsageError, match="is a file, not a folder"):
        places.pictures_for(file, ["a.jpg", "b.jpg"])
    places.check_folder(tmp_path / "new" / "deep")


@pytest.mark.parametrize("left", ["all", "a damaged manifest", "the manifest"])
def test_nothing_is_written_into_a_catalogue(catalogue: Path, left: str) -> None:
    if left == "a damaged manifest":
        (catalogue / MANIFEST).write_text("{")
    elif left == "the manifest":
        for table in TABLES:
            (catalogue / table).rename(catalogue.parent / table)
    for check in (places.check_folder, places.check_picture, places.check_table):
        for path in (catalogue / "x.png", catalogue / MANIFEST):
            with pytest.raises(UsageError, match=r"is a file|belongs to a catalogue"):
                check(path)
    for path in (catalogue, catalogue / "sub" / "deep"):
        with pytest.raises(UsageError, match="belongs to a catalogue"):
            places.check_folder(path)


@pytest.mark.parametrize("text", ['{"name": "a web app"}', "[]", "null", "{", "\xff"])
def test_a_manifest_of_another_program_makes_no_catalogue(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_bytes(text.encode("latin-1"))
    for check in (places.check_folder, places.check_picture, places.check_table):
        check(tmp_path / "x.png")
    places.check_folder(tmp_path / "sub" / "deep")


def test_a_place_without_permission_is_told_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(UsageError, match="may not be written"):
        places.check_picture(tmp_path / "x.png")
    with pytest.raises(UsageError, match="may not be written"):
        places.check_folder(tmp_path / "new" / "deep")


def test_a_file_may_be_replaced_where_none_may_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) == table)
    places.check_table(table)
    with pytest.raises(UsageError, match="may not be written"):
        places.check_table(tmp_path / "new.csv")


def test_pictures_of_photos_of_one_name_do_not_meet(tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = places.pictures_for(out, ["a/1.jpg", "b/1.jpg", "c/2.png"])
    assert [path.name for path in found.values()] == ["1.jpg", "1-2.jpg", "2.jpg"]
    assert out.is_dir()
    with pytest.raises(UsageError, match="is the photo itself"):
        places.pictures_for(tmp_path / "in", [str(tmp_path / "in" / "1.jpg"), "b/2.jpg"])
    assert not (tmp_path / "in").exists()
